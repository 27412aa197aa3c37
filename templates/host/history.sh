# shellcheck shell=sh
# The changes that this host has on record, and the transcript of one. Sourced by main.sh.
# shellcheck disable=SC1091
for lib in target recorded; do . "$RUN/lib/$lib.sh"; done
asked=$(value change "$RUN/data/manifest")
ID=$(target_change) || answer history
printf 'bastionctl=1\noutcome=history\nchange=%s\n' "$ID"
mkdir "$RUN/record"
# A year of them, for whoever changes something on every working day: Run Command hands out 24,000 characters, and the transcript is in them too.
if [ -n "$asked" ]; then printf '%s\n' "$ID"; else changes_newest_first | head -n 250; fi | recorded >"$RUN/record/changes"
for part in transcript journal state manifest; do
  [ ! -e "$CHANGES/$ID/$part" ] || cp "$CHANGES/$ID/$part" "$RUN/record/"
done
body "$RUN/record"
exit 0
