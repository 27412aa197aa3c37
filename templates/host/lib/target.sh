# shellcheck shell=sh
# target_change: the change that is meant: by id, else the one that waits, else the newest.
target_change() {
  _wanted=$(value change "$RUN/data/manifest")
  if [ -z "$_wanted" ]; then
    _wanted=$(open_change)
    [ -n "$_wanted" ] || _wanted=$(changes_newest_first | head -n 1)
  fi
  case $_wanted in
  '' | *[!A-Za-z0-9-]*) return 1 ;;
  *) ;;
  esac
  [ -e "$CHANGES/$_wanted/state" ] && printf '%s\n' "$_wanted"
}
