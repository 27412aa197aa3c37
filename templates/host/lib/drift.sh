# shellcheck shell=sh
# Managed files that are not as the last confirmed change left them.

# drift: paths, comma-separated.
drift() {
  for _id in $(changes_newest_first 2>/dev/null); do
    [ "$(state_of "$_id")" = confirmed ] || continue
    while IFS='|' read -r _n _path _action _fmode _owner _group _before _after; do
      printf '%s|%s\n' "$_path" "$_after"
    done <"$CHANGES/$_id/files"
  done | awk -F'|' '!seen[$1]++' | while IFS='|' read -r _path _after; do
    [ "$(digest "$_path")" = "$_after" ] || printf '%s\n' "$_path"
  done | paste -sd, -
}
