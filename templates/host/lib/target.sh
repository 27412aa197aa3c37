# shellcheck shell=sh
# What an order about a change that is on the host already has to know.

# edited_since ID: whether a file of the change is not as the change left it: the first one is in $EDITED, the difference goes into the answer.
edited_since() {
  while IFS='|' read -r _n EDITED _action _fmode _owner _group _before _after; do
    [ "$(digest "$EDITED")" != "$_after" ] || continue
    diff -u "$CHANGES/$1/after$EDITED" "$EDITED" 2>/dev/null | sed 's/^/diff=/' | head -n 40 >>"$RUN/extra"
    return 0
  done <"$CHANGES/$1/files"
  return 1
}

# target_change: the change that is meant: by id, else the one that waits, else the newest that is kept, else the newest.
target_change() {
  _wanted=$(value change "$RUN/data/manifest")
  if [ -z "$_wanted" ]; then
    _wanted=$(open_change)
    [ -n "$_wanted" ] || _wanted=$(changes_newest_first | while read -r _id; do
      [ "$(state_of "$_id")" != confirmed ] || { printf '%s\n' "$_id"; break; }
    done)
    [ -n "$_wanted" ] || _wanted=$(changes_newest_first | head -n 1)
  fi
  case $_wanted in
  '' | *[!A-Za-z0-9-]*) return 1 ;;
  *) ;;
  esac
  [ -e "$CHANGES/$_wanted/state" ] && printf '%s\n' "$_wanted"
}

# went_back ID REASON: of a change that has been rolled back, how in $WENT, and in $REASON this reason, or that not all of it came back.
went_back() {
  WENT="rolled back at $(date -u -d "@$(value at "$CHANGES/$1/state")" +%H:%M:%SZ): $(value reason "$CHANGES/$1/state")"
  REASON=$2
  [ -z "$(lost "$1")" ] || REASON=incomplete
}
