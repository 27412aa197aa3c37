# shellcheck shell=sh
# The rehearsal: logins through the present and then the staged files, at their real paths, in a private view. Writes nothing
# but $RUN. Run by main.sh under `unshare -m`, so that nothing of it outlives it.
# usage: rehearse.sh RUN      exit 0 all as expected · 10 refused today already · 11 refused · 12 could not be held
RUN=$1
# shellcheck disable=SC1091
for lib in env files sshd sshd-reads login offers view cases packages people databases keys factors roster; do . "$RUN/lib/$lib.sh"; done
# shellcheck disable=SC1091
for lib in roster-apply roster-accounts keys-edit sunset; do [ ! -e "$RUN/lib/$lib.sh" ] || . "$RUN/lib/$lib.sh"; done
# shellcheck disable=SC1090
. "$RUN/lib/factor-$(value method "$RUN/data/manifest").sh"
ARGS=$RUN/sshd-args
FACTOR=$(value factor "$RUN/data/manifest")
FACTOR_BEFORE=$(value factor_from "$RUN/data/manifest")

say() { plain "$1" >"$RUN/why"; }

# tried_and_offered PHASE WHEN: the logins one after the other, and the keys of everybody beside them: an sshd each, and no listener.
tried_and_offered() {
  offers view "$RUN/keys" "$RUN/offers-$2" &
  _offered=$!
  run_cases "$1" view
  _tried=$?
  wait "$_offered"
  return "$_tried"
}

if ! enter_work || ! open_view; then
  say 'no private view could be made'
  exit 12
fi
# What sshd says of the present files is the same in the view.
ask_anew "$RUN/sshd-today"
sshd_says root "$ARGS" 2>/dev/null
# shellcheck disable=SC2153 # sshd_says sets it
make_key "$(sed -n 's/^pubkeyaccepted[a-z]* //p' "$SAID")"

[ ! -s "$RUN/data/roster" ] || view_people || { say 'no private view of the homes could be made'; exit 12; }
cut -d'|' -f3 "$RUN/data/cases" | grep -v '^@' | sort -u >"$WORK/accounts"
while read -r account; do
  ! created "$account" || continue
  view_account "$account" "$(home_of "$account")" || { say "$account: no home, or no place for a key"; exit 10; }
done <"$WORK/accounts"

# As things are today the factor may be elsewhere.
FACTOR_LATER=$FACTOR
FACTOR=${FACTOR_BEFORE:-$FACTOR}
tried_and_offered baseline present || { say "$FAILED"; exit 10; }
FACTOR=$FACTOR_LATER

# A dry run installs nothing on the host: the package manager works in the view as well.
if [ "$(value until "$RUN/data/manifest")" = rehearse ] && [ -s "$RUN/data/packages" ]; then
  said=$(view_packages) || { say "$(cat "$RUN/why") $(printf '%s' "$said" | tail -n 2)"; exit 11; }
fi

missing=$(missing_modules)
[ -z "$missing" ] || { say "the new PAM stack names what is not installed: $missing"; exit 11; }
stage || { say 'the staged files could not be laid out'; exit 12; }
ask_anew "$RUN/sshd-staged"
sshd_reads
origins "$WORK/origins" <"$READS"
if ! canary; then
  if sshd_refuses "$ARGS"; then say "sshd -t refuses the staged files: $PLAIN"; else say 'sshd did not read the staged files: the canary does not show in sshd -T'; fi
  exit 11
fi
# Each by itself: what visudo has against files of others, such as their modes, sudo may read all the same.
cut -d'|' -f1 "$RUN/data/files" | grep '^/etc/sudoers.d/' >"$WORK/sudoers"
while read -r rules; do
  [ ! -e "$rules" ] || broken=$(visudo -cf "$rules" 2>&1) || { say "visudo refuses $rules: $broken"; exit 11; }
done <"$WORK/sudoers"
helper_starts || { say "$FAILED"; exit 11; }
if [ -s "$RUN/data/roster" ]; then
  told=$(apply_roster view) || { say "$told"; exit 11; }
  ask_anew "$RUN/sshd-staged-people"
fi
while read -r account; do
  ! created "$account" || view_account "$account" "$(home_of "$account")" || { say "$account: no place for a key"; exit 11; }
done <"$WORK/accounts"
check_expectations || { say "$FAILED"; exit 11; }
tried_and_offered rehearse staged || { say "$FAILED"; exit 11; }
# The greeting of the sshd that answered must carry the canary too.
if [ -s "$WORK/log" ] && ! grep -q "$CANARY" "$WORK/log"; then
  say 'the logins were not answered from the staged files: no canary in the greeting'
  exit 11
fi

lost_offers "$RUN/offers-present" "$RUN/offers-staged" >"$RUN/offers-lost"
keyless "$RUN/offers-staged" >"$RUN/keyless"
[ ! -s "$RUN/data/roster" ] || new_keys view || { say "$FAILED"; exit 11; }
administrator_left "$RUN/offers-staged" "$RUN/offers-new" || { say 'sshd would accept no key of any administrator'; exit 11; }
settled "$RUN/offers-lost" "$RUN/offers-staged" || { say "would lose a key that sshd accepts today: $UNSETTLED"; exit 11; }
if [ -s "$RUN/keyless" ]; then
  say "passwords go, and sshd would accept no key: give one, or agree with $(sed 's/^/--accept-lockout /' "$RUN/keyless" | paste -sd ' ')"
  exit 11
fi

# What the host is to make of it at a date: who has a factor gets in then, who has none does not.
if [ -d "$RUN/data/sunset" ]; then
  CASES=$RUN/cases-sunset
  one_of_each <"$WORK/accounts" | sunset_cases "$RUN/data/sunset/cases" >"$CASES"
  stage "$RUN/data/sunset" || { say 'the files that are for later could not be laid out'; exit 12; }
  ask_anew "$RUN/sshd-later"
  run_cases rehearse view || { say "with enrolment required, as from the date on: $FAILED"; exit 11; }
fi
exit 0
