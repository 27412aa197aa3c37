# shellcheck shell=sh
# Proof through the live listener: new TCP connections, one loopback source address an attempt, never multiplexed.
# usage: prove.sh RUN before|after|old ID      exit 0 as expected · 11 not
#   before  which keys are accepted      after  the new state, by throw-away accounts      old  the keys that were accepted are again
RUN=$1 when=$2 ID=$3
# shellcheck disable=SC1091
for lib in env files state sshd sshd-reads login offers accounts cases people keys factors roster; do . "$RUN/lib/$lib.sh"; done
# shellcheck disable=SC1091
for lib in roster-apply roster-accounts keys-edit; do [ ! -e "$RUN/lib/$lib.sh" ] || . "$RUN/lib/$lib.sh"; done
ARGS=$RUN/sshd-args
FACTOR=$(value factor "$RUN/data/manifest")

# Beside a rehearsal, which has something to say of its own.
if [ "$when" = before ]; then why=$RUN/why-before; else why=$RUN/why; fi
say() { plain "$1" >"$why"; }

enter_work || { say 'no work folder'; exit 11; }
# greeted: as `answers`, by the throw-away client, whose key exchange is the cheaper one; from an address of its own each time.
greeted() {
  _tries=0
  within 10 greeted_once
}

# shellcheck disable=SC2317 # within calls it
greeted_once() {
  _tries=$((_tries + 1))
  timeout 5 ssh -v -F "$RUN/ssh_config" -o BatchMode=yes -o PreferredAuthentications=none \
    -o BindAddress="$(source_of "$(((20 + _tries % 25) * 250 + $(uptime_s) % 250))")" -p "$PORT" "root@$TARGET" true 2>&1 </dev/null |
    grep -q 'Remote protocol version'
}

# Before a change sshd has been asked already.
case $when in
before) ask_anew "$RUN/sshd-today" ;;
*) ask_anew "$RUN/sshd-$when" ;;
esac
sshd_says root "$ARGS" 2>/dev/null
of_root=$SAID
target=$(target_in "$of_root")
TARGET=${target% *} PORT=${target#* }

# refuse WHY: nothing of this is left at work.
refuse() {
  wait
  say "$1"
  exit 11
}

# Beside what needs no listener.
greeted &
greeting=$!
answered() { wait "$greeting" || refuse "no sshd answers at $TARGET port $PORT$(outdated)"; }

if [ "$when" = before ]; then
  answered
  offers live "$RUN/keys" "$RUN/offers-before"
  exit 0
fi

if [ "$when" = old ]; then
  answered
  offers live "$RUN/keys" "$RUN/offers-old"
  given_keys "$ID" "$RUN/offers-before" >"$WORK/not-owed"
  # Nor is what the old state did not accept.
  [ ! -e "$CHANGES/$ID/offers" ] || sed -n -e 's/|refused$//p' -e 's/|unknown$//p' "$CHANGES/$ID/offers" >>"$WORK/not-owed"
  lost=$(lost_offers "$RUN/offers-before" "$RUN/offers-old" | grep -vxFf "$WORK/not-owed" | tr '|\n' '  ')
  [ -z "$lost" ] || refuse "put back, but these keys are accepted no longer: $lost"
  exit 0
fi

# Only the proof of a change makes up factors.
# shellcheck disable=SC1090
. "$RUN/lib/factor-$(value method "$RUN/data/manifest").sh"

# The files of others are as they were when the change was armed, and its own say nothing of places.
cut -d'|' -f1 "$CHANGES/$ID/sshd-files" | origins "$WORK/origins"
# Where no sshd answers, that is what is wrong.
check_expectations || { answered; refuse "$FAILED"; }
[ ! -s "$RUN/data/expect" ] || [ ! -s "$WORK/origins-left" ] ||
  echo "sshd was not asked about $(wc -l <"$WORK/origins-left") more places that Match lines name" >>"$RUN/remark"

# shellcheck disable=SC2317 # called by cases.sh
# probe_of @probe[:GROUP] or @other[:GROUP]: the throw-away account that stands for it.
probe_of() { sed -n "s/^$1 //p" "$RUN/probes"; }

# lend_keys, take_keys_back: a new account's own keys are nobody's here, so it is lent one for its proof. Where this dies half-way the
# account goes, key and all.
lend_keys() {
  while read -r _new; do
    _at=$(home_of "$_new")
    _file=$(keys_path "$_new" "$_at") && read_keys "$_file" "$_new" >"$WORK/own-$_new" || return 1
    cat "$WORK/own-$_new" "$WORK/key.pub" | write_keys "$_file" "$_new" 0600 || return 1
  done <"$WORK/lent"
}

take_keys_back() {
  while read -r _new; do
    _at=$(home_of "$_new")
    write_keys "$(keys_path "$_new" "$_at")" "$_new" 0600 <"$WORK/own-$_new" || return 1
  done <"$WORK/lent"
}

# usual_group: a group that sshd admits, where it admits only some.
usual_group() {
  for _group in $(sed -n 's/^allowgroups //p' "$of_root") users nogroup nobody; do
    if getent group "$_group" >/dev/null && ! cut -d'|' -f3 "$RUN/data/cases" | grep -qx "@[a-z]*:$_group"; then
      printf '%s\n' "$_group"
      return 0
    fi
  done
  return 1
}

# make_probes <roles: a throw-away account for each role, with the throw-away key where sshd looks for it.
make_probes() {
  while read -r role; do
    name=bctl-$(digits 8)
    case $role in
    *:*) group=${role#*:} ;;
    *) group=$(usual_group) || refuse 'no group for a throw-away account' ;;
    esac
    made=$(make_probe "$ID" "$name" "$group") || refuse "no throw-away account: $made"
    printf '%s %s\n' "$role" "$name" >>"$RUN/probes"
    home=$(home_of "$name")
    file=$(keys_path "$name" "$home") || refuse 'sshd reads no authorized_keys file'
    for path in "$file" "$(factor_path "$name" "$home")"; do
      case $path in
      "$home"/*) ;;
      *) note_stray "$ID" "$path" || refuse 'nothing can be put on record' ;;
      esac
    done
    case $file in
    "$home"/*) mode=0600 ;;
    *) mode=0644 ;;
    esac
    { install -D -m "$mode" "$WORK/key.pub" "$file" && chown -R "$name:" "$home"; } || refuse "no key could be laid at $file"
    [ -z "$(command -v restorecon)" ] || restorecon -R "$home" 2>/dev/null
  done
}

awk -F'|' '$2 == "prove" { print $3 }' "$RUN/data/cases" | sort -u >"$WORK/proven"
if [ -s "$WORK/proven" ]; then
  make_key "$(sed -n 's/^pubkeyaccepted[a-z]* //p' "$of_root")"
  printf '' >"$RUN/probes"
  grep '^@' "$WORK/proven" >"$WORK/roles"
  grep -v '^@' "$WORK/proven" >"$WORK/lent"
  make_probes <"$WORK/roles"
  lend_keys || refuse 'no throw-away key could be lent to a new account'
fi
answered
# The keys of everybody beside the logins.
offers live "$RUN/keys" "$RUN/offers-after" &
offered=$!
if [ -s "$WORK/proven" ]; then
  prove_cases || refuse "$FAILED"
  take_keys_back || refuse 'the throw-away key could not be taken back'
elif [ "$(value feature "$RUN/data/manifest")" != users ]; then
  # The plan knows of no account that could be made and that sshd would admit: the operator's own login has to do.
  echo 'no login through the running sshd: it admits no throw-away account' >>"$RUN/remark"
fi
wait "$offered"

lost_offers "$RUN/offers-before" "$RUN/offers-after" >"$RUN/offers-gone"
[ ! -s "$RUN/data/roster" ] || new_keys live || refuse "$FAILED"
settled "$RUN/offers-gone" "$RUN/offers-after" || refuse "has lost a key that sshd accepted: $UNSETTLED"
exit 0
