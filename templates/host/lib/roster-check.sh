# shellcheck shell=sh
# What can be done with people's accounts at all, said before anything is armed.

# check_roster: homes and key files are where this knows how to handle them; the first problem is printed.
check_roster() { each_person "$RUN/data/roster" check_person; }

check_person() {
  check_last_day || return 1
  if [ "$_action" = create ]; then check_newcomer; else check_present; fi
}

# check_last_day: by this host's clock, who is to get in now is not over. A plan may have waited.
check_last_day() {
  case $_expires in
  [0-9]*) ;;
  *) return 0 ;;
  esac
  _day=$(printf %s "$_expires" | tr -d -)
  if [ "$_day" -ge "$(date -u +%Y%m%d)" ] || ! to_get_in "$_name"; then return 0; fi
  echo "the last day of $_name, $_expires, has passed: it stays shut until --expires names another one"
  return 1
}

# to_get_in NAME: a login of the account is to be shown to work.
to_get_in() {
  while IFS='|' read -r _ _phase _who _ _ _expect _; do
    [ "$_phase:$_who:$_expect" != "rehearse:$1:in" ] || return 0
  done <"$RUN/data/cases"
  return 1
}

check_newcomer() {
  _dir=$(new_home "$_name")
  if [ -e "$_dir" ] || [ -L "$_dir" ]; then
    echo "$_dir is there already: somebody's home"
    return 1
  fi
  roots_alone "${_dir%/*}" || { echo "others than root can change what is in ${_dir%/*}: no place for a home"; return 1; }
  _there=$(factor_places "$_name" "$_dir" | while IFS= read -r _place; do [ ! -e "$_place" ] || echo "$_place"; done)
  if [ -n "$_there" ]; then
    echo "there is a second factor of somebody named $_name already: $_there"
    return 1
  fi
  new_uid "$_uid" >/dev/null || { echo "no uid is free for $_name"; return 1; }
  nobody_yet || { echo "$_name is in /etc/passwd, /etc/group or the like already"; return 1; }
  keys_in_home
}

check_present() {
  _dir=$(home_of "$_name")
  _twins=$(awk -F: -v name="$_name" -v uid="$(id -u "$_name")" '$1 != name && $3 == uid { print $1 }' /etc/passwd | tr '\n' ' ')
  [ -z "$_twins" ] || { echo "$_name has its uid in common with ${_twins% }"; return 1; }
  if [ "$_action" = remove ]; then keys_can_go || return 1; fi
  # Nothing is left to be kept of a home that is gone.
  [ "$_action:$_house" != remove:keep ] && { [ "$_action" != remove ] || [ -e "$_dir" ] || [ -L "$_dir" ]; } || return 0
  if [ ! -e "$_dir" ] && [ ! -L "$_dir" ]; then
    echo "$_name has no home: $_dir is not there; make it as root (install -d -m 0750 -o $_name $_dir), or take $_name off and on again"
    return 1
  fi
  if [ ! -d "$_dir" ] || [ -L "$_dir" ] || [ "$(stat -c %u "$_dir")" != "$(id -u "$_name")" ]; then
    echo "$_dir is not a folder that belongs to $_name"
    return 1
  fi
  [ -z "$_factor" ] || factor_places "$_name" "$_dir" | while IFS= read -r _place; do can_go "$_place" || exit 1; done || return 1
  if [ "$_factor" = moved ]; then
    read_factor "$(factor_before "$_name" "$_dir")" "$_name" "$_dir" | grep -q . || { echo "the second factor of $_name cannot be read"; return 1; }
    return 0
  fi
  if [ "$_action" = update ]; then
    [ -s "$RUN/data/roster-keys/$_name" ] || return 0
    keys_in_home || return 1
    _why=$(unfit "$_keys" "$_name" "$_dir")
    [ -z "$_why" ] || { echo "$_why"; return 1; }
    return 0
  fi
  _others=$(getent passwd | awk -F: -v name="$_name" -v home="$_dir" '$1 != name && ($6 == home || index($6, home "/") == 1) { print $1 }' | tr '\n' ' ')
  [ -z "$_others" ] || { echo "$_dir is the home of others as well (${_others% }): leave it with --keep-home"; return 1; }
  roots_alone "${_dir%/*}" || { echo "others than root can change what is in ${_dir%/*}: leave the home with --keep-home"; return 1; }
  if [ -n "$_archive" ]; then
    roots_alone "${_archive%/*}" || { echo "others than root can change what is in ${_archive%/*}"; return 1; }
    [ ! -e "$_archive" ] || own_folder "$_archive" || return 1
    _at=$_archive
    [ -e "$_at" ] || _at=${_archive%/*}
    [ -d "$_at" ] || { echo "there is no folder $_at"; return 1; }
    [ "$(stat -Lc %d "$_at")" = "$(stat -c %d "$_dir")" ] || { echo "$_archive is on another file system than $_dir"; return 1; }
  else
    _at=${_dir%/*}/.bastionctl-homes
    [ -e "$_at" ] || _at=${_dir%/*}/.
  fi
  # A rename does not cross mounts either (rename(2)), and a copy could die half-way.
  [ "$(mount_of "$_at")" = "$(mount_of "${_dir%/*}/.")" ] || { echo "${_archive:-$_at} is below another mount than $_dir"; return 1; }
  ! mounted "$_dir" || { echo "something is mounted at or below $_dir: unmount it, or leave the home with --keep-home"; return 1; }
}

# mount_of FOLDER: the number of the mount that it is on (proc(5)); stat's %m knows nothing of those that are bound.
mount_of() { sed -n 's/^mnt_id:[[:blank:]]*//p' /proc/self/fdinfo/0 <"$1"; }

# keys_in_home: $_keys is the account's first file of keys, into which new ones go. It has to lie below $_dir.
keys_in_home() {
  sshd_says "$_name" "$RUN/sshd-args" 2>/dev/null
  _keys=$(key_files "$_name" "$_dir" "$SAID" | head -n 1 | grep .) || { echo "sshd reads no authorized_keys file of $_name"; return 1; }
  case $_keys in
  "$_dir"/*) ;;
  *) echo "sshd reads the keys of $_name from $_keys, outside of the home: that is not supported"; return 1 ;;
  esac
}

# keys_can_go: those that whoever leaves has outside of the home; that itself goes whole, or has its files taken.
keys_can_go() {
  keys_files "$_name" "$_dir" | while IFS= read -r _keys; do
    case $_keys in
    "$_dir"/*) continue ;;
    *) _why=$(unfit "$_keys" "$_name" "$_dir") ;;
    esac
    if [ -n "$_why" ] && parse_keys "$_keys" | grep -q .; then
      echo "$_why"
      exit 1
    fi
  done
}
