# shellcheck shell=sh
# The way back of roster-accounts.sh: accounts that were made go, and those that were taken away come back. Every step may be repeated.

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
