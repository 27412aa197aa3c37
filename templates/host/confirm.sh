# shellcheck shell=sh
# Keep the change. The state decides, compared and set under the lock: a confirm that comes too late says so. Sourced by main.sh.
# shellcheck disable=SC1091
for lib in restore accounts target databases keys factors roster; do . "$RUN/lib/$lib.sh"; done
lock 15 || answer busy locked 'another program holds the lock on this host'
ID=$(target_change) || answer refused no-change 'no change is recorded on this host'
holder_is "$(value who "$RUN/data/manifest")" "$UNIT" "$ID" 2>/dev/null
sweep "$ID"
settle_left >/dev/null
state=$(state_of "$ID")
extra change "$ID"
case $state in
proven)
  if [ "$(epoch)" -ge "$(deadline_of "$ID")" ]; then
    answer rolled-back too-late "the deadline has passed; the guard is putting the old state back"
  fi
  edited_since "$ID" && answer refused edited-since "$EDITED was changed since the proof: what is there was never proven"
  set_state "$ID" confirmed "by $(value who "$RUN/data/manifest")" || answer stuck confirm 'the confirmation could not be written'
  step confirm disarm "$ID"
  [ ! -s "$CHANGES/$ID/roster" ] || step confirm settle_roster "$ID" || answer confirmed incomplete "$DETAIL"
  answer confirmed
  ;;
confirmed)
  answer confirmed already 'confirmed before'
  ;;
rolled-back | reverting | failed)
  went_back "$ID" too-late
  answer rolled-back "$REASON" "$WENT"
  ;;
*) answer refused not-proven "change $ID is $state, and only a proven change can be confirmed" ;;
esac
