# shellcheck shell=sh

make_factor() {
  CODE=$(digits 6)
  WRONG=x$CODE
  echo "$CODE" >"$WORK/factor"
}

lend_code() {
  read_factor "$1" "$2" "$3" >"$WORK/own-factor" && CODE=$(head -n 1 "$WORK/own-factor")
}
