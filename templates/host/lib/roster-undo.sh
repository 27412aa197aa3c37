# shellcheck shell=sh
# People's accounts as they were: the way back of roster.sh. Every step may be repeated.

# undo_roster ID: newest first; every step may be repeated. 1: something is left to do.
undo_roster() {
  clear_locks
  _undone=0
  sed '1!G;h;$!d' "$CHANGES/$1/roster" >"$RUN/roster.reverse" || return 1
  each_person "$RUN/roster.reverse" undo_person "$1"
  sync /etc
  return "$_undone"
}

# The others are undone whatever becomes of one of them.
undo_person() {
  _was=$CHANGES/$1/people/$_name
  # Not into a pipe: what runs as the person could keep it open for ever.
  case $_action in
  create) unmake_person "$1" ;;
  update) restore_person "$1" ;;
  remove) return_person "$1" ;;
  *) ;;
  esac >"$RUN/trouble" 2>&1 || { journal "$1" "cannot restore yet: account $_name: $(tail -n 3 "$RUN/trouble")"; _undone=1; }
  return 0
}

# left_alone ID: somebody has given the account another number, or has taken it away.
left_alone() {
  _number=$(getent passwd "$_name" | cut -d: -f3)
  note_kept "$1" "account-$_name" "${_number:+uid-}${_number:-nobody}"
}

# restore_person ID: groups that were given, the date of expiry, and the keys.
restore_person() {
  _dir=$(cat "$_was/home")
  same_person || { left_alone "$1"; return 0; }
  for _group in $(printf '%s' "$_groups" | tr ',' ' '); do
    # Both files: gpasswd may have died between them.
    if ! has_line "$_group" "$_was/member-group" &&
      { memberships "$_name" /etc/group; [ ! -r /etc/gshadow ] || memberships "$_name" /etc/gshadow; } | cut -d: -f1 | grep -qxF -- "$_group"; then
      gpasswd -d "$_name" "$_group" 9>&- || return 1
    fi
  done
  if [ -s "$_was/list-leave" ]; then
    for _db in group gshadow; do
      rejoin "$_db" "$_was/list-leave" || return 1
    done
  fi
  if [ -n "$_expires" ]; then
    restore_day "$1" "$(set_day)" || return 1
    # Locked once more: who has come in meanwhile goes out.
    if [ "$(expiry)" != "$_then" ]; then :; elif shut_by "$_then"; then end_sessions "$_name"; else linger_on; fi
  fi
  if [ -f "$_was/list-keys" ] || [ -f "$_was/list-drop" ]; then each_keys restore_keys "$1" || return 1; fi
  [ -z "$_factor" ] || restore_factor "$1"
}

# restore_day ID SET: the old one in place of SET; another one is somebody else's, who may have shut the account.
restore_day() {
  _then=$(old_day) _now=$(expiry)
  case $_now in
  "$_then") ;;
  "$2") usermod -e "$_then" "$_name" 9>&- ;;
  *) note_kept "$1" "expiry-of-$_name" "${_now:-never}" ;;
  esac
}
