# shellcheck shell=sh
# Compares the host with its confirmed changes and with what sshd says now. Reads only. Sourced by main.sh.
# The head tells whether anything differs, for the listing; the body is made only then, and has what is needed to say what and by whom.
# shellcheck disable=SC1091
for lib in sshd-reads drift proven running login traces; do . "$RUN/lib/$lib.sh"; done
V=$RUN/verified
mkdir -p "$V"

extra_pending

confirmed_changes >"$RUN/confirmed"
ID=$(head -n 1 "$RUN/confirmed")
extra changes "$(wc -l <"$RUN/confirmed")"
if [ -n "$ID" ]; then
  extra_recorded "$ID"
  sshd_args "$RUN/sshd-args"
  managed >"$RUN/all-files"
  expected >"$RUN/expected"
  extra files "$(wc -l <"$RUN/all-files")"
  extra values "$(wc -l <"$RUN/expected")"

  drifted_files >"$RUN/drifted-files"
  proven=$(proven_with)
  foreign_files "$proven" >"$RUN/drifted-foreign"
  cut -d'|' -f1 "$RUN/sshd-files" | origins "$RUN/origins"
  drifted_values "$RUN/expected" "$RUN/origins" >"$V/values"
  [ ! -s "$RUN/origins-left" ] || extra unasked "$(wc -l <"$RUN/origins-left")"
  replaced >"$V/replaced"
  unread_unit >"$V/unread-unit"
  other_args "$proven" >"$V/command-line"
  printf '' >"$V/refuses"
  if sshd_refuses "$RUN/sshd-args"; then
    if [ ! -d /run/sshd ] && sshd_socket_active && ! systemctl -q is-active "$(sshd_unit)"; then
      # Where the socket starts sshd for the first connection only, its folder is not there before, and nothing is amiss.
      extra unread "$PLAIN"
      printf '' >"$V/values"
    else
      printf '%s\n' "$PLAIN" >"$V/refuses"
    fi
  fi
  overdue_sunset >"$V/sunset"
  printf '' >"$V/behind"
  # Of another program, or of files that it refuses, it is known already that it is not what is on disk.
  [ -s "$V/replaced" ] || [ -s "$V/refuses" ] || behind >"$V/behind"
  drifted=$(cat "$RUN/drifted-files" "$RUN/drifted-foreign" "$V"/* | wc -l)
  extra drifted "$drifted"
fi

{
  printf 'bastionctl=1\noutcome=verified\nnow=%s\n' "$(epoch)"
  cat "$RUN/extra"
}
[ "${drifted:-0}" != 0 ] || exit 0

sshd_version >"$V/openssh"
cp "$RUN/sshd-args" "$V/sshd-args"
printf '%s\n' "$SSHD_PORT" >"$V/port"
while read -r id; do
  printf '%s|%s\n' "$id" "$(value at "$CHANGES/$id/state")"
done <"$RUN/confirmed" >"$V/confirmed"
for list in files foreign; do
  while IFS= read -r row; do
    printf '%s|%s\n' "$row" "$(touched "${row%%|*}")"
  done <"$RUN/drifted-$list" >"$V/$list"
done
cut -d'|' -f1 "$V/values" | sort -u | while read -r name; do
  printf '%s|%s\n' "$name" "$(id -Gnz "$name" 2>/dev/null | tr '\0' ,)"
done >"$V/accounts"
packages_since "$(cut -d'|' -f2 "$V/confirmed" | sort -n | head -n 1)" >"$V/packages"
# Which line decides a value is found out on the operator's side; comments are blanked, so that lines keep their numbers.
cut -d'|' -f1 "$RUN/sshd-files" | grep -v '^/etc/pam\.d/' | while read -r file; do
  mkdir -p "$V/texts${file%/*}"
  sed 's/^[[:space:]]*#.*//' "$file" >"$V/texts$file"
done
body "$V" >"$RUN/body"
# Run Command hands out 24,000 characters: what is then left out are the lines' numbers, not the drift.
if [ "$(wc -c <"$RUN/body")" -gt 21000 ]; then
  rm -rf "$V/texts"
  body "$V" >"$RUN/body"
fi
cat "$RUN/body"
exit 0
