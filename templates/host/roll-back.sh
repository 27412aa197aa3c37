# shellcheck shell=sh
# Undo: a pending change by its own guard; a confirmed one, if that is agreed to and nobody touched its files since, under a guard armed anew.
# Sourced by main.sh.
# shellcheck disable=SC1091
for lib in arm restore accounts target sshd-reads people roster roster-undo roster-accounts-undo; do . "$RUN/lib/$lib.sh"; done
lock 15 || answer busy locked "$(value who "$STATE/holder" 2>/dev/null) is at work on this host"
named=$(value change "$RUN/data/manifest")
if ! ID=$(target_change); then
  [ -z "$named" ] || answer refused no-change "change $named is not recorded on this host"
  answer unchanged nothing-to-undo 'nothing to undo: no change is recorded on this host'
fi
who=$(value who "$RUN/data/manifest")

# look: what sshd says of each key, before the time of a guard that is armed anew begins. Where sshd does not answer now there is nothing to
# compare with: the guard's own look has to do.
look() {
  login_accounts >"$RUN/people"
  collect_keys "$RUN/people" "$RUN/keys"
  live_logins before >/dev/null 2>&1 || [ -s "$RUN/why-before" ] || extra remark 'the keys could not be compared: the look before has failed'
}

sshd_args "$RUN/sshd-args"
holder_is "$who" "$UNIT" "$ID" 2>/dev/null
sweep
extra_recorded "$ID"
stands=$(state_of "$ID")
# Also where its state cannot be read.
! is_open "$ID" || stands=live
case $stands in
armed | live | proven | reverting | failed) look ;;
rolled-back)
  went_back "$ID" already
  [ -z "$named" ] || answer rolled-back-as-asked "$REASON" "$WENT"
  answer unchanged nothing-to-undo "nothing left to undo: change $ID was $WENT"
  ;;
confirmed)
  pending=$(open_change)
  [ -z "$pending" ] || answer busy pending "change $pending waits for its confirm; roll it back first"
  newest=$(for id in $(changes_newest_first); do [ "$(state_of "$id")" != confirmed ] || { echo "$id"; break; }; done)
  [ "$newest" = "$ID" ] || answer refused not-newest "change $newest came later: roll that back first"
  edited_since "$ID" && answer refused edited-since "$EDITED was changed after the confirm: rolling back would lose that"
  [ "$(value confirmed_too "$RUN/data/manifest")" = yes ] || answer confirmed not-agreed 'undoing it has to be agreed to'
  trouble=$(check_return "$ID") || answer refused not-free "nobody can come back: $trouble"
  look
  # Armed and on record as begun first, so that a crash half way is finished by the guard, for the reason that it had.
  rearm() { arm "$ID" 60 && stash "$ID" && sync -f "$STASH" && write_text "$CHANGES/$ID/why" "asked for by $who" && set_state "$ID" reverting "asked for by $who"; }
  if ! step arm rearm; then
    why=$DETAIL
    [ "$(state_of "$ID")" != confirmed ] || { rm -f "$CHANGES/$ID/why"; disarm "$ID"; }
    answer refused arm "$why"
  fi
  ;;
*)
  [ -z "$named" ] || answer refused not-armed "change $ID is $stands: there is nothing to undo"
  answer unchanged nothing-to-undo 'nothing to undo: no change is in force on this host'
  ;;
esac
guard=$LIBEXEC/$ID/guard.sh
[ -r "$guard" ] || guard=$RUN/guard.sh
if step roll-back sh "$guard" roll-back "$ID" "$who" "$RUN"; then
  [ ! -e "$RUN/offers-before" ] || step roll-back live_logins old || answer stuck roll-back "$DETAIL"
  kept=$(kept "$ID")
  lost=$(lost "$ID")
  [ -z "$lost" ] || answer rolled-back-as-asked incomplete "$lost${kept:+; $kept}"
  answer rolled-back-as-asked "${kept:+kept-aside}" "$kept"
fi
retry_soon "$ID"
answer stuck roll-back "$DETAIL"
