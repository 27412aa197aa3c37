# shellcheck shell=sh
# Sets the guard of a proven change anew. Sourced by main.sh.
# shellcheck disable=SC1091
for lib in arm target; do . "$RUN/lib/$lib.sh"; done
lock 15 || answer busy locked 'another program holds the lock on this host'
ID=$(target_change) || answer refused no-change 'no change is recorded on this host'
holder_is "$(value who "$RUN/data/manifest")" "$UNIT" "$ID" 2>/dev/null
extra change "$ID"
if [ "$(state_of "$ID")" != proven ] || [ "$(epoch)" -ge "$(deadline_of "$ID")" ]; then
  answer refused too-late "change $ID is $(state_of "$ID") and its guard cannot be set anew"
fi
seconds=$(value deadline "$RUN/data/manifest")
extend_guard() {
  timer_dropin "$ID" "$seconds" && set_deadline "$ID" "$seconds" && systemctl daemon-reload && systemctl restart "bastionctl-guard@$ID.timer" 9>&-
}
step arm extend_guard || answer stuck extend "$DETAIL"
extra deadline "$(deadline_of "$ID")"
answer extended
