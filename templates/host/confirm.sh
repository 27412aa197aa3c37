# shellcheck shell=sh
# Keep the change. The state decides, compared and set under the lock: a confirm that comes too late says so. Sourced by main.sh.
# shellcheck disable=SC1091
for lib in restore accounts target databases keys factors roster; do . "$RUN/lib/$lib.sh"; done

# await_guard: too late. The guard gets the lock, and the time to bring the old state back; what came of it is the answer.
await_guard() {
  exec 9<&-
  LOCKED=
  within 20 is_settled
  case $(state_of "$ID") in
  rolled-back)
    went_back "$ID" too-late
    answer rolled-back "$REASON" "$WENT"
    ;;
  failed) answer stuck too-late "$(value reason "$CHANGES/$ID/state")" ;;
  *) answer stuck too-late 'the deadline has passed, and the guard has not put the old state back yet' ;;
  esac
}

is_settled() { ! is_open "$ID"; }

lock 15 || answer busy locked 'another program holds the lock on this host'
ID=$(target_change) || answer refused no-change 'no change is recorded on this host'
holder_is "$(value who "$RUN/data/manifest")" "$UNIT" "$ID" 2>/dev/null
sweep "$ID"
settle_left >/dev/null
extra change "$ID"
state=$(state_of "$ID")
[ "$state" != proven ] || [ "$(epoch)" -lt "$(deadline_of "$ID")" ] || state=overdue
case $state in
proven)
  edited_since "$ID" && answer refused edited-since "$EDITED was changed since the proof: what is there was never proven"
  set_state "$ID" confirmed "by $(value who "$RUN/data/manifest")" || answer stuck confirm 'the confirmation could not be written'
  step confirm disarm "$ID"
  [ ! -s "$CHANGES/$ID/roster" ] || step confirm settle_roster "$ID" || answer confirmed incomplete "$DETAIL"
  answer confirmed
  ;;
confirmed)
  answer confirmed already 'confirmed before'
  ;;
overdue | reverting | failed | rolled-back) await_guard ;;
*) answer refused not-proven "change $ID is $state, and only a proven change can be confirmed" ;;
esac
