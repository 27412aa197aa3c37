# shellcheck shell=sh
# Lock-outs measured, not modelled: sshd says whether it would accept a public key without anyone holding the private one.

# offers MODE KEYS RESULT: KEYS has account|type|base64|fingerprint lines; RESULT gets account|fingerprint|accepted or refused.
# Four at a time: MaxStartups begins to drop unauthenticated connections at ten. From other addresses each time: an sshd with
# PerSourcePenalties (9.8) remembers those that did not log in, and changes may follow one another within seconds.
offers() {
  printf '' >"$3"
  _count=$((1$(digits 5) % 36000))
  while IFS='|' read -r _account _type _blob _print; do
    _count=$((_count + 1))
    offer "$1" "$_account" "$_type $_blob" "$_print" "$_count" >>"$3" &
    [ $((_count % 4)) -eq 0 ] && wait
  done <"$2"
  wait
  sort -o "$3" "$3"
}

offer() {
  _pub=$WORK/offer-$5
  printf '%s\n' "$3" >"$_pub.pub"
  # IdentityFile, since -i drops a file that is not there, and this is half a pair.
  set -- "$1" "$2" "$4" "$5" -v -F "$RUN/ssh_config" -o IdentityFile="$_pub" -o BatchMode=yes \
    -o PreferredAuthentications=publickey
  _mode=$1 _who=$2 _print=$3 _number=$4
  shift 4
  if [ "$_mode" = view ]; then
    set -- "$@" -o ProxyCommand="/bin/sh $RUN/lib/proxy.sh $ARGS" "$_who@rehearsal"
  else
    set -- "$@" -o BindAddress="127.9.$((100 + _number / 250)).$((1 + _number % 250))" -p "$PORT" "$_who@$TARGET"
  fi
  timeout 15 ssh "$@" true </dev/null >/dev/null 2>"$_pub.log" || true
  if grep -q 'Server accepts key' "$_pub.log"; then
    printf '%s|%s|accepted\n' "$_who" "$_print"
  else
    printf '%s|%s|refused\n' "$_who" "$_print"
  fi
  rm -f "$_pub" "$_pub.pub" "$_pub.log"
}

# lost_offers BEFORE AFTER: account|fingerprint pairs that were accepted and no longer are.
lost_offers() {
  awk -F'|' 'NR == FNR { if ($3 == "accepted") had[$1 "|" $2] = 1; next } $3 == "accepted" { delete had[$1 "|" $2] } END { for (k in had) print k }' "$1" "$2" | sort
}

# settled LOST: each account that loses a key is one that the plan has agreed to; $UNSETTLED names the others with their keys.
settled() {
  UNSETTLED=
  while IFS='|' read -r _account _print; do
    grep -qxF -- "$_account" "$RUN/data/accept" || UNSETTLED="$UNSETTLED${UNSETTLED:+, }$_account $_print"
  done <"$1"
  [ -z "$UNSETTLED" ]
}

# administrator_left RESULT: of the administrators that the plan counts on, one has a key that sshd accepts. Where none of them has a key
# that can be offered from here (from=, certificates), that is not known.
administrator_left() {
  [ -s "$RUN/data/admins" ] || return 0
  cut -d'|' -f1 "$1" | grep -qxFf "$RUN/data/admins" || return 0
  sed -n 's/^\([^|]*\)|.*|accepted$/\1/p' "$1" | grep -qxFf "$RUN/data/admins"
}
