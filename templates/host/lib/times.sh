# shellcheck shell=sh
# What `users` shows beside the facts. All times are epoch seconds, and empty where the host does not know.

# account_times <PEOPLE: name|last login|expiry of the account|when its factor's file was written: enrolled, or last used|since when it has
# that factor, if bastionctl has made it.
account_times() {
  while IFS='|' read -r _who _uid _gid _dir _; do
    # In days (shadow(5)).
    _expires=$(getent shadow "$_who" | awk -F: '$8 ~ /^[0-9]+$/ && length($8) < 8 { printf "%.0f", $8 * 86400 }')
    _factor='' _since=''
    while read -r _place <&3; do
      _place=$(path_of "$_place" "$_who" "$_dir")
      [ ! -s "$_place" ] || { _factor=$(written "$_place") && _since=$(factor_since "$_place"); }
    done 3<"$RUN/places"
    printf '%s|%s|%s|%s|%s\n' "$_who" "$(last_login "$_who")" "$_expires" "$_factor" "$_since"
  done
}

# key_times <PEOPLE: name|fingerprint|when its file was last written, so that it has been there since then at the latest.
key_times() {
  while IFS='|' read -r _who _uid _gid _dir _; do
    keys_files "$_who" "$_dir" | while read -r _keys; do
      _at=$(written "$_keys")
      [ -n "$_at" ] || continue
      parse_keys "$_keys" | while IFS='|' read -r _type _blob _; do printf '%s|%s|%s|%s\n' "$_type" "$_blob" "$_who" "$_at"; done
    done
  done | fingerprinted | awk -F'|' -v OFS='|' '{ print $5, $2, $6 }'
}

# key_options NAME FUNCTION <PEOPLE: name|fingerprint|what FUNCTION says of the options in front of the key, where one of them is NAME (or
# any, where NAME is empty) and it says something.
key_options() {
  while IFS='|' read -r _who _uid _gid _dir _; do
    { [ -s "$F/keys/$_who" ] && grep -q "^\([^|]*|\)\{3\}[^|]*${1:-[^|]}" "$F/keys/$_who"; } || continue
    keys_files "$_who" "$_dir" | while read -r _keys; do
      parse_keys "$_keys" raw | while IFS='|' read -r _type _blob _options; do
        _said=$(printf '%s' "$_options" | "$2")
        [ -z "$_said" ] || printf '%s|%s|%s|%s\n' "$_type" "$_blob" "$_who" "$_said"
      done
    done
  done | fingerprinted | awk -F'|' -v OFS='|' '{ print $5, $2, $6 }'
}

# options_digest <TEXT: of all of it, since values hold commands and addresses.
options_digest() { sha256sum | cut -d' ' -f1; }

# expiry_time <TEXT: as it stands there.
expiry_time() {
  { cat && echo; } | tr '[:upper:]' '[:lower:]' | sed -n 's/.*expiry-time="\([0-9]*z\{0,1\}\)".*/\1/p' | tr z Z
}

# value_digests <TEXT: name:digest,… of each option that has a value: enough to tell values apart.
value_digests() {
  { cat && echo; } | awk '{
    while (match($0, /^[^",]*("([^"\\]|\\.)*"[^",]*)*/) && RLENGTH > 0) {
      print substr($0, 1, RLENGTH)
      $0 = substr($0, RLENGTH + 2)
    }
  }' | while IFS='=' read -r _option _value; do
    [ -z "$_value" ] || printf '%s:%s,' "$(printf '%s' "$_option" | tr '[:upper:]' '[:lower:]')" "$(printf '%s' "$_value" | sha256sum | cut -c 1-16)"
  done
}

# written FILE: images of reproducible builds have the epoch there, which says nothing; nor does what lies behind the year 9999.
written() {
  stat -L -c %Y "$1" 2>/dev/null | awk '$1 >= 86400 && $1 < 253402300800'
}

# factor_since FILE: what totp_factor has written there. In a home the file is its owner's, who can make it anything: nothing comes of it but
# a number, of a time that has been, and no more is read than the module would read.
factor_since() {
  [ -f "$1" ] || return 0
  timeout 5 head -c 65536 "$1" 2>/dev/null | sed -n 's/^" BASTIONCTL_SINCE \([1-9][0-9]\{0,11\}\)$/\1/p' |
    awk -v now="$(epoch)" '$1 >= 86400 && $1 <= now { print; exit }'
}

# last_login NAME: the newest on record in sshd's log (30 days), wtmp and lastlog, as far as the host keeps them.
last_login() {
  {
    NAME=$1 awk '$3 == ENVIRON["NAME"] && $2 != "partial" { print $1 }' "$RUN/events"
    # Not on newer distributions, which have no lastlog(8).
    TZ=UTC lastlog -u "$1" 2>/dev/null |
      sed -n 's/^.* \([A-Z][a-z]* [A-Z][a-z]* *[0-9]* [0-9:]* [-+][0-9]* [0-9]*\)$/\1/p' | date -f - +%s 2>/dev/null
  } | sort -n | tail -n 1
}
