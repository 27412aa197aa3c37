# shellcheck shell=sh
# Makes enrolment required on this host at the date that an enabling change has set: runs the change that is kept with its record, and
# keeps it where its proof passes. Started by bastionctl-run-sunset.service, every day at the date's time of day.
# usage: sunset.sh CHANGE      exit 0 done, or nothing to do · 1 not done, tried again tomorrow
BASE=$1
KEPT=${0%/*}
# shellcheck disable=SC1091
for lib in env files state; do . "$KEPT/lib/$lib.sh"; done
DATE=$(value date "$KEPT/data/manifest")

# tell OUTCOME REASON DETAIL: to this change's record, where `status` and `verify` find it, and to the journal.
tell() {
  write_text "$CHANGES/$BASE/sunset.said" "at=$(epoch)
outcome=$1
reason=$2
detail=$(plain "$3")"
  journal "$BASE" "enrolment required: $1 $2 $3"
  if [ "$1" = confirmed ]; then _level=5; else _level=3; fi
  printf '<%s>bastionctl: enrolment required from %s on (change %s): %s %s %s\n' "$_level" \
    "$(date -u -d "@$DATE" '+%Y-%m-%d %H:%M UTC')" "$BASE" "$1" "$2" "$3"
}

busy() { [ -n "$(open_change)" ] || ! flock -n "$STATE/lock" true; }

# run VERB FOLDER KEY=VALUE…: the on-host program, as an order from outside would run it; its answer is in FOLDER/answer.
run() {
  _verb=$1 _at=$2
  shift 2
  rm -rf "$_at" && mkdir -m 0700 "$_at" && cp -R "$KEPT/." "$_at/" && printf '%s' "$_verb" >"$_at/data/verb" && printf '%s\n' "$@" >>"$_at/data/manifest" &&
    (cd "$_at" && sh ./main.sh "$SUNSET" >"$_at/answer")
  OUTCOME=$(value outcome "$_at/answer" 2>/dev/null || echo unknown)
}

[ "$(epoch)" -ge "$DATE" ] || exit 0

# This takes its own unit away: systemd is told last, since it removes the folder of a killed service only as long as it knows its file.
trap 'cd / && rm -rf "/run/$SUNSET"; [ -e "$UNITS/$SUNSET.timer" ] || systemctl daemon-reload' EXIT

# Somebody is at work, or a change waits for its confirm.
waited=0
while busy; do
  if [ "$waited" -ge 1800 ]; then
    tell busy busy "somebody is at work on this host, or change $(open_change) waits for its confirm"
    exit 1
  fi
  sleep 10
  waited=$((waited + 10))
done

# What was waited for may have taken the date away, or set another.
[ -e "$UNITS/$SUNSET.timer" ] || exit 0
newest=$(sunset_base)
[ "$newest" = "$BASE" ] || exec sh "$CHANGES/$newest/sunset/sunset.sh" "$newest"

# Somebody has rolled it back: their word counts for this date. What failed by itself is tried again.
for id in $(changes_newest_first); do
  if [ "$(value date "$CHANGES/$id/manifest" 2>/dev/null)" != "$DATE" ] || [ "$(state_of "$id")" != rolled-back ]; then continue; fi
  why=$(value reason "$CHANGES/$id/state")
  case $why in
  'asked for by the failed step'*) ;;
  'asked for by '*)
    tell given-up rolled-back "change $id was rolled back, $why: not tried again for this date"
    exit 0
    ;;
  *) ;;
  esac
done

ID=$(date -u +%Y%m%dT%H%M%SZ)-$(od -An -N3 -tx1 /dev/urandom | tr -d ' \n')
now=$(epoch)
run change "/run/$SUNSET/change" "id=$ID" "operator_time=$now" "not_after=$((now + 60))"
if [ "$OUTCOME" != proven ]; then
  tell "$OUTCOME" "$(value reason "/run/$SUNSET/change/answer")" "$(value detail "/run/$SUNSET/change/answer")"
  exit 1
fi
run confirm "/run/$SUNSET/confirm" "change=$ID"
if [ "$OUTCOME" != confirmed ]; then
  # The guard would do it at the deadline.
  [ ! -r "$LIBEXEC/$ID/guard.sh" ] || flock "$STATE/lock" sh "$LIBEXEC/$ID/guard.sh" roll-back "$ID" 'the failed step'
  tell "$OUTCOME" "$(value reason "/run/$SUNSET/confirm/answer")" "$(value detail "/run/$SUNSET/confirm/answer")"
  exit 1
fi
tell confirmed '' "change $ID"
