# shellcheck shell=sh
# People's accounts as they were: the way back of roster.sh. Every step may be repeated.

# undo_roster ID: newest first; every step may be repeated. 1: something is left to do.
undo_roster() {
  [ -s "$CHANGES/$1/roster" ] || return 0
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

# in_vain ID FILE: whether this is the third time that a file of the person's own withstands: it is left alone then, since they could keep
# the host from ever being done otherwise. Where nobody can write this says nothing: it is tried until somebody can.
in_vain() {
  case $2 in
  "$_dir"/*) _on=$_dir ;;
  *) _on=${2%/*} ;;
  esac
  ! cramped "$_on" || return 1
  _count=$_was/withstood-$(printf %s "$2" | cksum | cut -d' ' -f1)
  echo again >>"$_count"
  [ "$(wc -l <"$_count")" -ge 3 ] || return 1
  note_kept "$1" "$2" it-withstands
}

# cramped FOLDER: its file system is full, or cannot be written at all; one that somebody has mounted there by themselves (fusermount) says what they like.
cramped() {
  ! own_mounts "$1" | grep -qxF -- "$1" || return 1
  [ -n "$(timeout 5 df -k --output=avail,iavail,itotal,file -- "$1" 2>/dev/null | awk "$no_room")" ] ||
    timeout 5 findmnt -no OPTIONS -T "$1" 2>/dev/null | tr , '\n' | grep -qx ro
}

# only_ours ID: since the proof nothing has come into the home but keys and a factor that bastionctl has given, the latter rewritten at each
# login, and files as skel has them. The home is closed, and nothing of its owner's runs any more: nobody lays snares there.
only_ours() {
  cat "$CHANGES"/*/people/"$_name"/list-keys "$CHANGES"/*/people/"$_name"/factor-after /etc/skel/.ssh/authorized_keys >"$RUN/given" 2>/dev/null
  # Before that nobody was let in.
  [ -e "$CHANGES/$1/roster.made" ] || return 0
  find "$_dir" ! -type d -cnewer "$CHANGES/$1/roster.made" >"$RUN/newer" || return 1
  while IFS= read -r _file; do
    [ -f "$_file" ] && [ ! -L "$_file" ] || return 1
    ! cmp -s "/etc/skel/${_file#"$_dir"/}" "$_file" || continue
    _text=$_file
    [ "$_file" != "$(cat "$_was/factor-place")" ] || { _text=$RUN/factor-now && factor_of "$_file" >"$_text"; }
    grep -qvxFf "$RUN/given" "$_text"
    [ $? -eq 1 ] || return 1
  done <"$RUN/newer"
}

# unmake_person ID: a home in which somebody has written is not thrown away, nor are jobs and mail; where they were nobody finds them any more.
unmake_person() {
  # Somebody else was quicker: it is theirs, down to its number.
  [ ! -e "$_was/not-ours" ] || { note_kept "$1" "account-$_name" another; return 0; }
  _number=$(cat "$_was/uid") _dir=$(cat "$_was/home")
  _aside=$_dir.bastionctl-$1
  if has_line "$_name" /etc/passwd; then
    same_person || { left_alone "$1"; return 0; }
    delete_account || true
  fi
  # A death inside userdel leaves lines behind.
  forget_person || return 1
  if [ -s "$_was/factor-place" ]; then
    _place=$(cat "$_was/factor-place")
    case $_place in
    "$_dir"/*) ;;
    *)
      drop_torn "$_place"
      rm -f "$_place" "$_place.bastionctl-new"
      ;;
    esac
  fi
  # Whose the number is by now, and what goes by it: the account has another name, or is gone and somebody came by it.
  _holder=$(getent passwd "$(cat "$_was/uid")" | cut -d: -f1)
  { belongings "$_name" | grep -vxFf "$_was/there"; [ -n "$_holder" ] || at_jobs "$_number"; } | while IFS= read -r _thing; do
    [ ! -s "$_thing" ] || keep_aside "$1" "$_thing"
    rm -f "$_thing"
  done
  [ -z "$_holder" ] || { note_kept "$1" "uid-$_number" "$_holder's"; return 0; }
  if [ -d "$_dir" ] && [ ! -L "$_dir" ] && [ "$(stat -c %u "$_dir")" = "$_number" ]; then
    let_go "$_dir"
    if mounted "$_dir"; then
      note_kept "$1" "$_dir" it-has-mounts
      chmod 0700 "$_dir" && chown 0:0 "$_dir" || return 1
    elif chmod 0700 "$_dir" && only_ours "$1"; then
      rm -rf --one-file-system "$_dir"
    else
      note_kept "$1" "$_dir" "$_aside"
      mv -T "$_dir" "$_aside" || return 1
    fi
  fi
  # Secrets are in it, and the number may be somebody's soon. Here, since this may have died behind mv.
  [ ! -d "$_aside" ] || { chmod 0700 "$_aside" && chown -hR --from="$_number" 0:0 "$_aside"; } || return 1
  sync "${_dir%/*}"
  # useradd that died before it gave the home away.
  [ ! -d "$_dir" ] || [ "$(stat -c %u "$_dir")" != 0 ] || rmdir "$_dir" 2>/dev/null || true
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

# check_return ID: what stands in the way of those who were taken off and are to come back; the first is printed.
check_return() { [ ! -s "$CHANGES/$1/roster" ] || each_person "$CHANGES/$1/roster" check_returning "$1"; }

check_returning() {
  _was=$CHANGES/$1/people/$_name
  if [ "$_action" != remove ] || same_person; then return 0; fi
  ! has_line "$_name" /etc/passwd || { echo "there is another account $_name by now"; return 1; }
  _holder=$(getent passwd "$(cat "$_was/uid")" | cut -d: -f1)
  [ -z "$_holder" ] || { echo "uid $(cat "$_was/uid") is $_holder's by now"; return 1; }
  _gid=$(cut -d: -f3 "$_was/group" | head -n 1)
  _holder=$([ -z "$_gid" ] || getent group "$_gid" | cut -d: -f1)
  [ -z "$_holder" ] || [ "$_holder" = "$_name" ] || { echo "gid $_gid is $_holder's by now"; return 1; }
}

# return_person ID: the home, the account and its lines, memberships, jobs, factor and keys.
return_person() {
  # Nobody else's name or number is taken from them, and there is nothing to wait for.
  _taken=$(check_returning "$1") || { note_lost "$1" "account $_name: $_taken"; return 0; }
  _dir=$(cat "$_was/home")
  # First, since a login that comes too early would make another one.
  return_house "$1" || return 1
  for _db in $DATABASES; do
    if [ ! -s "$_was/$_db" ] || has_line "$_name" "/etc/$_db"; then continue; fi
    _holder=$(taken "$_db")
    if [ -n "$_holder" ]; then
      journal "$1" "the ids of $_name in /etc/$_db are $_holder's by now, and stay theirs"
      continue
    fi
    insert_lines "/etc/$_db" "$_was/$_db" "$_was/$_db.behind" || return 1
  done
  for _db in group gshadow; do
    rejoin "$_db" || return 1
  done
  # Where it was only locked so far.
  restore_day "$1" 1 || return 1
  _n=0
  [ ! -s "$_was/aside" ] || while IFS= read -r _path <&3; do
    _n=$((_n + 1))
    _old=$(digest "$_was/aside-$_n")
    if [ "$_old" = absent ] || [ "$(digest "$_path")" = "$_old" ]; then continue; fi
    # By a name that neither cron nor at takes for a job.
    put_back_copy "$_was/aside-$_n" "$_path" "$_old" "${_path%/*}/.${_path##*/}.bastionctl-new" && sync "${_path%/*}" || return 1
  done 3<"$_was/aside"
  [ "$_house" != keep ] || each_keys return_keys "$1" || return 1
  linger_on
}

# return_house ID: the home from its archive. One that somebody has made meanwhile is theirs.
return_house() {
  _aside=$(house_aside "$1")
  if [ -d "$_aside" ]; then
    rmdir "$_dir" 2>/dev/null || true
    if [ -e "$_dir" ] || [ -L "$_dir" ]; then
      note_lost "$1" "$_dir (kept as $_aside: there is another one by now)"
    else
      mv -T "$_aside" "$_dir" && sync "${_dir%/*}" || return 1
    fi
  elif [ ! -d "$_dir" ] && [ -e "$_was/moved" ]; then
    note_lost "$1" "$_dir (deleted)"
  fi
  [ ! -e "$_was/made-archive" ] || rmdir "${_aside%/*}" 2>/dev/null || true
}

# return_keys ID: of a home that has stayed.
return_keys() {
  case $_by:$(cat "$_kept/keys-mode") in
  root:* | *:absent | *:unread) return 0 ;;
  *) ;;
  esac
  read_keys "$_keys" "$_by" >"$RUN/keys-now"
  case $? in
  0) ;;
  3) write_keys "$_keys" "$_by" "$(cat "$_kept/keys-mode")" <"$_kept/keys" || in_vain "$1" "$_keys" ;;
  *) in_vain "$1" "$_keys" ;;
  esac
}
