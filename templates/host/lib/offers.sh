# shellcheck shell=sh
# Lock-outs measured, not modelled: sshd says whether it would accept a public key without anyone holding the private one.

# offers MODE KEYS RESULT: KEYS has account|type|base64|fingerprint lines; RESULT gets account|fingerprint|accepted or refused;
# `unknown` where sshd has said neither, `unoffered` where this ssh has not offered the key, though sshd takes keys.
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

# offer MODE ACCOUNT KEY FINGERPRINT NUMBER: a second time where sshd has said nothing: it may have been busy.
offer() {
  _pub=$WORK/offer-$5
  printf '%s\n' "$3" >"$_pub.pub"
  _mode=$1 _who=$2 _print=$4 _said=
  for _number in "$5" "$((($5 + 18000) % 36000))"; do
    if [ "$_mode" = view ]; then
      set -- -o ProxyCommand="/bin/sh $RUN/lib/proxy.sh $ARGS" "$_who@rehearsal"
    else
      set -- -o BindAddress="$(source_of "$((25000 + _number))")" -p "$PORT" "$_who@$TARGET"
    fi
    # IdentityFile, since -i drops a file that is not there, and this is half a pair.
    _said=$(timeout 15 ssh -v -F "$RUN/ssh_config" -o IdentityFile="$_pub" -o BatchMode=yes -o PreferredAuthentications=publickey \
      "$@" true 2>&1 >/dev/null </dev/null | awk '
      /Offering public key/ { offered = 1 }
      /Server accepts key/ { said = "accepted" }
      /: (Permission denied \(|Too many authentication failures)/ && said == "" { said = offered || !/publickey/ ? "refused" : "unoffered" }
      END { print said }')
    [ -z "$_said" ] || break
    sleep 1
  done
  printf '%s|%s|%s\n' "$_who" "$_print" "${_said:-unknown}"
}

# lost_offers BEFORE AFTER: account|fingerprint pairs that were accepted and no longer are.
lost_offers() {
  awk -F'|' 'NR == FNR { if ($3 == "accepted") had[$1 "|" $2] = 1; next } $3 == "accepted" { delete had[$1 "|" $2] } END { for (k in had) print k }' "$1" "$2" | sort
}

# settled LOST AFTER: each key that is lost, or its account, is one that the plan has agreed to; $UNSETTLED names the others with their keys.
settled() {
  UNSETTLED=
  while IFS='|' read -r _account _print; do
    ! grep -qxFe "$_account" -e "$_account|$_print" "$RUN/data/accept" || continue
    UNSETTLED="$UNSETTLED${UNSETTLED:+, }$_account $_print"
    ! grep -qxF -- "$_account|$_print|unknown" "$2" || UNSETTLED="$UNSETTLED (no answer)"
  done <"$1"
  [ -z "$UNSETTLED" ]
}

# keyless RESULT: of the accounts that lose a password, and are spared for a key, those of which sshd accepts none that counts.
keyless() {
  [ ! -s "$RUN/data/spared" ] || awk -F'|' '
    NR == FNR { spared[$1] = $2; next }
    $3 == "accepted" && $1 in spared && !index(spared[$1], $2) { delete spared[$1] }
    END { for (name in spared) print name }' "$RUN/data/spared" "$1" | grep -vxFf "$RUN/data/accept" | sort
}

# administrator_left RESULT…: sshd accepts a key that the plan counts on: account|fingerprint, whose owner sudo has to make root as well, or any
# key of an account. Where it counts on none that can be offered from here (from=, certificates), that is not known.
administrator_left() {
  [ ! -s "$RUN/data/admins" ] || ! sed -n '/|accepted$/{s///p;s/|.*//p;}' "$@" 2>/dev/null | grep -xFf "$RUN/data/admins" | while IFS='|' read -r _name _print; do
    case $_print:$(becomes_root "$_name" "$(id -u "$_name")") in
    ?*:no*) ;;
    *) exit 1 ;;
    esac
  done
}
