# shellcheck shell=sh
# The transcript of a change, as it was recorded on this host. Sourced by main.sh.
# shellcheck disable=SC1091
. "$RUN/lib/target.sh"
ID=$(target_change) || answer history
printf 'bastionctl=1\noutcome=history\nchange=%s\n' "$ID"
mkdir "$RUN/record"
for part in transcript journal state manifest; do
  [ ! -e "$CHANGES/$ID/$part" ] || cp "$CHANGES/$ID/$part" "$RUN/record/"
done
body "$RUN/record"
exit 0
