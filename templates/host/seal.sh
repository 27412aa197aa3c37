# shellcheck shell=sh
# A key for one change that brings something secret. Sourced by main.sh.
# shellcheck disable=SC1091
. "$RUN/lib/seal.sh"
id=$(value change "$RUN/data/manifest")
case $id in
'' | *[!A-Za-z0-9-]*) answer refused sealing 'no such change' ;;
*) ;;
esac
command -v openssl >/dev/null || answer refused sealing 'openssl is not installed'
key=$(make_sealing_key "$id")
if [ -z "$key" ]; then
  drop_sealing_key "$id"
  answer refused sealing 'no key could be made'
fi
printf 'key=%s\n' "$key" >>"$RUN/extra"
answer sealing
