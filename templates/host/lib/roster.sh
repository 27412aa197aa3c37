# shellcheck shell=sh
# People's accounts: made, changed and taken away, and put back line by line, since others may have changed the databases meanwhile.
# A line of a roster is name|action|uid|shell|comment|groups|expires|home.
#   action   create | update | remove        expires  YYYY-MM-DD, `never`, or empty for as it is
#   home     keep | archive | purge, of an account that is removed
# What an account was before is below $CHANGES/ID/people/NAME; root's alone, since password hashes are part of it.

DATABASES='passwd shadow group gshadow subuid subgid'

# each_person LIST FUNCTION [ARGUMENT…]: calls FUNCTION for each line, with $_name … $_house set and $_was its record; stops at the first failure.
each_person() {
  _list=$1
  shift
  while IFS='|' read -r _name _action _uid _shell _comment _groups _expires _house <&4; do
    "$@" || return 1
  done 4<"$_list"
}

home_of() { getent passwd "$1" | cut -d: -f6; }

# created NAME: whether the account is one that the change makes.
created() { grep -q "^$1|create|" "$RUN/data/roster" 2>/dev/null; }

# --- what can be done at all, said before anything is armed

# check_roster: homes and key files are where this knows how to handle them; the first problem is printed.
check_roster() { [ ! -s "$RUN/data/roster" ] || each_person "$RUN/data/roster" check_person; }

check_person() {
  if [ "$_action" = create ]; then
    _dir=$(new_home "$_name")
    if [ -e "$_dir" ] || [ -L "$_dir" ]; then
      echo "$_dir is there already: somebody's home"
      return 1
    fi
  else
    _dir=$(home_of "$_name")
  fi
  if [ "$_action:$_house" != remove:keep ]; then
    _keys=$(keys_file "$_name" "$_dir") || { echo "sshd reads no authorized_keys file of $_name"; return 1; }
    case $_keys in
    "$_dir"/*) ;;
    *) echo "sshd reads the keys of $_name from $_keys, outside of the home: that is not supported"; return 1 ;;
    esac
  fi
  case $_action:$_house in
  create:* | remove:keep) return 0 ;;
  *) ;;
  esac
  if [ ! -d "$_dir" ] || [ -L "$_dir" ] || [ "$(stat -c %u "$_dir")" != "$(id -u "$_name")" ]; then
    echo "$_dir is not a folder that belongs to $_name"
    return 1
  fi
  _others=$(getent passwd | awk -F: -v name="$_name" -v home="$_dir" '$1 != name && ($6 == home || index($6, home "/") == 1) { print $1 }' | tr '\n' ' ')
  [ "$_action" = update ] || [ -z "$_others" ] || { echo "$_dir is the home of others as well (${_others% }): leave it with --keep-home"; return 1; }
}

# keys_file NAME HOME: the first authorized_keys file that sshd reads for the account.
keys_file() {
  sshd_effective "$1" "$RUN/sshd-args" >"$RUN/effective-roster" 2>/dev/null
  key_files "$1" "$2" "$RUN/effective-roster" | head -n 1 | grep .
}

new_home() {
  _base=$(useradd -D 2>/dev/null | sed -n 's/^HOME=//p')
  printf '%s/%s\n' "${_base:-/home}" "$1"
}

# --- the record

# record_roster ID: what each account is now. The list comes last: without it there is nothing to undo.
record_roster() {
  [ -s "$RUN/data/roster" ] || return 0
  each_person "$RUN/data/roster" record_person "$1" && cp "$RUN/data/roster" "$CHANGES/$1/roster"
}

record_person() {
  _was=$CHANGES/$1/people/$_name
  mkdir -p "$_was" || return 1
  if [ "$_action" = create ]; then
    new_home "$_name" >"$_was/home" && new_uid "$_uid" >"$_was/uid" && belongings "$_name" >"$_was/there"
    return
  fi
  home_of "$_name" >"$_was/home" && id -u "$_name" >"$_was/uid" || return 1
  record_keys || return 1
  for _db in $DATABASES; do
    [ ! -r "/etc/$_db" ] || record_lines "$_name" "/etc/$_db" "$_was/$_db" || return 1
  done
  for _db in group gshadow; do
    memberships "$_name" "/etc/$_db" >"$_was/member-$_db" || return 1
  done
}

# record_keys: text, mode, and what is given and taken; `absent` where there is no file.
record_keys() {
  for _list in keys drop leave; do
    [ ! -f "$RUN/data/roster-$_list/$_name" ] || cp "$RUN/data/roster-$_list/$_name" "$_was/list-$_list" || return 1
  done
  _dir=$(cat "$_was/home")
  keys_file "$_name" "$_dir" >"$_was/keys-path" || { [ "$_action" = remove ] && return 0; return 1; }
  read_keys "$(cat "$_was/keys-path")" "$_name" >"$_was/keys"
  case $? in
  0) as_owner "$_name" stat -c '%04a' "$(cat "$_was/keys-path")" >"$_was/keys-mode" ;;
  3) echo absent >"$_was/keys-mode" ;;
  *) echo "the keys of $_name cannot be read"; return 1 ;;
  esac
}

# record_lines NAME DATABASE COPY: its lines, and whose lines stand in front of the first, since some of them may go as well.
record_lines() {
  grep "^$1:" "$2" >"$3" || [ $? -eq 1 ] || return 1
  awk -F: -v name="$1" '$1 == name { exit } { print $1 }' "$2" >"$3.behind"
}

# memberships NAME DATABASE: the lines of the groups that list it, as a member or (gshadow) as an administrator.
memberships() {
  awk -F: -v name="$1" -v admins="${2##*/}" '
    function lists(text, m, n, i) { n = split(text, m, ","); for (i = 1; i <= n; i++) if (m[i] == name) return 1; return 0 }
    lists($4) || (admins == "gshadow" && lists($3))' "$2"
}

# new_uid ASKED: above all that are in use or were those of people who have left, so that nobody inherits their files.
new_uid() {
  if [ -n "$1" ]; then
    printf '%s\n' "$1"
    return
  fi
  { getent passwd | cut -d: -f3; cat "$CHANGES"/*/people/*/uid 2>/dev/null; } | awk '
    $1 >= 1000 && $1 < 60000 && $1 > top { top = $1 }
    END { print (top < 1000) ? 1000 : top + 1 }'
}

# belongings NAME: what else an account of that name has, or had.
belongings() {
  for _place in "/var/spool/cron/crontabs/$1" "/var/spool/cron/$1" "/var/mail/$1" "/var/spool/mail/$1"; do
    [ ! -f "$_place" ] || printf '%s\n' "$_place"
  done
}

# --- carrying it out

# apply_roster view|live [ID]: in a view nobody's session ends, no home moves, and nothing is written that is not covered.
apply_roster() {
  [ -s "$RUN/data/roster" ] || return 0
  each_person "$RUN/data/roster" apply_person "$1" "${2-}" && { [ "$1" = view ] || sync /etc; }
}

apply_person() {
  _was=$CHANGES/${2:-none}/people/$_name
  case $_action in
  create) create_person "$1" ;;
  update) update_person "$1" ;;
  remove) remove_person "$1" "$2" ;;
  *) false ;;
  esac || { echo "account $_name: $_action has failed"; return 1; }
}

# `*` is no password; `!` would be a locked account, which sshd refuses where UsePAM is off (shadow(5), auth.c).
create_person() {
  _dir=$(new_home "$_name")
  if [ "$1" = view ]; then
    covered "$_dir" || { echo "$_dir cannot be kept apart from the live one"; return 1; }
    _number=$(new_uid "$_uid")
  else
    _number=$(cat "$_was/uid")
  fi
  set -- "$1" -m -d "$_dir" -u "$_number" -s "$_shell" -c "$_comment" -p '*'
  [ -z "$_groups" ] || set -- "$@" -G "$_groups"
  case $_expires in
  '' | never) ;;
  *) set -- "$@" -e "$_expires" ;;
  esac
  _where=$1
  shift
  useradd "$@" "$_name" 2>&1 9>&- && chmod 0750 "$_dir" && give_keys || return 1
  [ -z "$(command -v restorecon)" ] || restorecon -R "$_dir" 2>/dev/null || true
  [ "$_where" = view ] || sync -f "$_dir"
}

# update_person view|live
update_person() {
  _dir=$(home_of "$_name") _where=$1
  [ -z "$_groups" ] || usermod -a -G "$_groups" "$_name" 2>&1 9>&- || return 1
  [ ! -s "$RUN/data/roster-leave/$_name" ] || while IFS= read -r _group; do
    _said=$(gpasswd -d "$_name" "$_group" 2>&1 9>&-) || { echo "$_said"; return 1; }
  done <"$RUN/data/roster-leave/$_name"
  case $_expires in
  '') ;;
  never) usermod -e '' "$_name" 2>&1 9>&- || return 1 ;;
  *) usermod -e "$_expires" "$_name" 2>&1 9>&- || return 1 ;;
  esac
  if [ -s "$RUN/data/roster-keys/$_name" ] || [ -s "$RUN/data/roster-drop/$_name" ]; then give_keys; fi
}

# give_keys: the account's file with the new lines and without those that go. What it will be is on record before it is.
give_keys() {
  _at=$(keys_file "$_name" "$_dir") || return 1
  [ "$_where" = live ] || covered "$_at" || { echo "$_at cannot be kept apart from the live one"; return 1; }
  merged_keys "$_at" "$RUN/data/roster-keys/$_name" "$RUN/data/roster-drop/$_name" >"$RUN/keys-merged" || return 1
  if [ "$_where" = live ] && [ "$_action" = update ]; then
    digest "$RUN/keys-merged" >"$_was/keys-after" && durable "$_was/keys-after" || return 1
  fi
  write_keys "$_at" "$_name" 0600 <"$RUN/keys-merged"
}

# merged_keys FILE ADD DROP: FILE with the lines of ADD that it does not have, and without those whose fingerprint is in DROP; nothing
# else of it changes.
merged_keys() {
  _text=${RUN:-$_was}/keys-text
  read_keys "$1" "$_name" >"$_text" || [ $? -eq 3 ] || return 1
  : >"$_text.prints"
  while IFS= read -r _line || [ -n "$_line" ]; do
    _print=$(print_of "$_line")
    if [ -n "$_print" ] && grep -qsxF -- "$_print" "$3"; then continue; fi
    printf '%s\n' "$_line"
    printf '%s\n' "$_print" >>"$_text.prints"
  done <"$_text"
  [ ! -s "$2" ] || while IFS= read -r _line; do
    grep -qxF -- "$(print_of "$_line")" "$_text.prints" || printf '%s\n' "$_line"
  done <"$2"
}

# print_of LINE: the fingerprint of the key on it, options in front of it or not; nothing for a comment.
print_of() { printf '%s\n' "$1" | ssh-keygen -lf - 2>/dev/null | cut -d' ' -f2; }

prints() {
  while IFS= read -r _one || [ -n "$_one" ]; do print_of "$_one"; done <"$1"
}

# as_owner NAME COMMAND…: below a home the owner reads and writes, not root: a link there leads wherever the owner likes.
as_owner() {
  _owner=$(id -u "$1") && _group=$(id -g "$1") || return 1
  shift
  timeout 20 setpriv --reuid="$_owner" --regid="$_group" --clear-groups -- "$@"
}

# read_keys FILE NAME: 3: there is none; 1: it is no plain file, or the owner cannot read it.
read_keys() {
  # shellcheck disable=SC2016 # it is the inner shell that expands
  as_owner "$2" /bin/sh -c '[ -e "$0" ] || [ -L "$0" ] || exit 3; [ -f "$0" ] && [ ! -L "$0" ] && exec cat -- "$0"' "$1" </dev/null
}

# write_keys FILE NAME MODE: standard input becomes FILE, at once or not at all.
write_keys() {
  # shellcheck disable=SC2016 # it is the inner shell that expands
  as_owner "$2" /bin/sh -c \
    'umask 077 && mkdir -p "${0%/*}" && rm -f "$0.bastionctl-new" && cat >"$0.bastionctl-new" && chmod "$1" "$0.bastionctl-new" && sync "$0.bastionctl-new" && mv -fT "$0.bastionctl-new" "$0" && sync "${0%/*}"' "$1" "$3"
}

drop_keys() {
  # shellcheck disable=SC2016 # it is the inner shell that expands
  as_owner "$2" /bin/sh -c 'rm -f "$0" && sync "${0%/*}"' "$1" </dev/null
}

# remove_person view|live ID: sessions, jobs, keys and factor, then the account. The home is renamed, into a folder that only root enters.
remove_person() {
  if [ "$1" = view ]; then
    userdel -f "$_name" >/dev/null 2>&1 9>&-
    ! getent passwd "$_name" >/dev/null
    return
  fi
  _dir=$(cat "$_was/home")
  end_sessions "$_name"
  belongings "$_name" | grep '/cron/' >"$RUN/belongings"
  for _spool in /var/spool/cron/atjobs /var/spool/at; do
    [ ! -d "$_spool" ] || find "$_spool" -maxdepth 1 -type f -user "$_name" >>"$RUN/belongings"
  done
  _factor=$(wanted factor | sed -e "s|%u|$_name|g" -e "s|%h|$_dir|g")
  case $_factor in
  "$_dir"/*) ;;
  *) [ ! -f "$_factor" ] || printf '%s\n' "$_factor" >>"$RUN/belongings" ;;
  esac
  while IFS= read -r _thing; do set_aside "$_thing" "$_was" || return 1; done <"$RUN/belongings"
  if [ "$_house" = keep ]; then
    # A home that stays opens nothing any more.
    [ "$(cat "$_was/keys-mode" 2>/dev/null || echo absent)" = absent ] || drop_keys "$(cat "$_was/keys-path")" "$_name" || return 1
  elif [ -d "$_dir" ]; then
    _aside=$(house_aside "$2")
    [ -d "${_aside%/*}" ] || mkdir -m 0700 "${_aside%/*}" || return 1
    mv -T "$_dir" "$_aside" && sync "${_dir%/*}" "${_aside%/*}" || return 1
  fi
  _said=$(userdel "$_name" 2>&1 9>&-) || { echo "$_said"; return 1; }
}

# house_aside ID: where the home goes, on its own file system.
house_aside() { printf '%s/.bastionctl-homes/%s-%s\n' "${_dir%/*}" "$_name" "$1"; }

# end_sessions NAME: nothing of the account runs any more.
end_sessions() {
  loginctl terminate-user "$1" 2>/dev/null
  _tries=0
  while pkill -KILL -u "$1" 2>/dev/null && [ "$_tries" -lt 50 ]; do
    sleep 0.1
    _tries=$((_tries + 1))
  done
}

# set_aside FILE FOLDER: on record, with where it came from, before it goes.
set_aside() {
  _n=$(($(wc -l <"$2/aside" 2>/dev/null || echo 0) + 1))
  cp -p --preserve=all "$1" "$2/aside-$_n" && printf '%s\n' "$1" >>"$2/aside" && durable "$2/aside" "$2/aside-$_n" && rm -f "$1" && sync "${1%/*}"
}

# settle_roster ID: what waited for the confirm: a home that is to be deleted. May be repeated.
settle_roster() {
  [ ! -s "$CHANGES/$1/roster" ] || each_person "$CHANGES/$1/roster" settle_person "$1"
}

settle_person() {
  [ "$_action:$_house" = remove:purge ] || return 0
  _dir=$(cat "$CHANGES/$1/people/$_name/home")
  _aside=$(house_aside "$1")
  # Nobody waits for it: a home may be large.
  # shellcheck disable=SC2016 # it is the inner shell that expands; systemd-run would expand ${…} itself
  [ ! -d "$_aside" ] || systemd-run --quiet --no-block --collect /bin/sh -c 'rm -rf "$0"; rmdir "$(dirname "$0")"' "$_aside" 9>&-
}

# --- the way back

# undo_roster ID: newest first; every step may be repeated. 1: something is left to do.
undo_roster() {
  [ -s "$CHANGES/$1/roster" ] || return 0
  clear_locks
  _undone=0
  sed '1!G;h;$!d' "$CHANGES/$1/roster" >"$CHANGES/$1/roster.reverse" || return 1
  each_person "$CHANGES/$1/roster.reverse" undo_person "$1"
  sync /etc
  return "$_undone"
}

# The others are undone whatever becomes of one of them.
undo_person() {
  _was=$CHANGES/$1/people/$_name
  _trouble=$(case $_action in
    create) unmake_person "$1" ;;
    update) restore_person "$1" ;;
    remove) return_person "$1" ;;
    *) ;;
    esac 2>&1) || { journal "$1" "cannot restore yet: account $_name: $_trouble"; _undone=1; }
  return 0
}

# same_person: whether the account of that name is the one on record, and not one that others have made since.
same_person() { [ "$(getent passwd "$_name" | cut -d: -f3)" = "$(cat "$_was/uid")" ]; }

# unmake_person ID: a home in which something is newer than the proof is not thrown away.
unmake_person() {
  _number=$(cat "$_was/uid") _dir=$(cat "$_was/home")
  if grep -q "^$_name:" /etc/passwd && ! same_person; then
    journal "$1" "account $_name has another uid by now, and is left alone"
    return 0
  fi
  if grep -q "^$_name:" /etc/passwd; then
    end_sessions "$_name"
    userdel -f "$_name" >/dev/null 2>&1 9>&- || true
  fi
  # A death inside userdel leaves lines behind.
  forget_person || return 1
  belongings "$_name" | grep -vxFf "$_was/there" | while IFS= read -r _thing; do rm -f "$_thing"; done
  if [ -d "$_dir" ] && [ ! -L "$_dir" ] && [ "$(stat -c %u "$_dir")" = "$_number" ]; then
    if [ -e "$CHANGES/$1/roster.made" ] && [ -n "$(find "$_dir" -mindepth 1 -cnewer "$CHANGES/$1/roster.made" -print -quit)" ]; then
      mv -T "$_dir" "$_dir.bastionctl-$1" && journal "$1" "kept: $_dir.bastionctl-$1 has what is newer than the account"
    else
      rm -rf "$_dir"
    fi
    sync "${_dir%/*}"
  fi
}

# forget_person: no line of the account is left in any database, and no group lists it.
forget_person() {
  for _db in $DATABASES; do
    if grep -qs "^$_name:" "/etc/$_db"; then
      # shellcheck disable=SC2016 # awk
      rewrite "/etc/$_db" -v name="$_name" '$1 != name' || return 1
    fi
  done
  for _db in group gshadow; do
    if [ -n "$(memberships "$_name" "/etc/$_db")" ]; then
      # shellcheck disable=SC2016 # awk
      rewrite "/etc/$_db" -v name="$_name" -v shadow="$_db" "$without"'
        $4 != without($4) { $4 = without($4) }
        shadow == "gshadow" && $3 != without($3) { $3 = without($3) }
        { print }' || return 1
    fi
  done
}

# shellcheck disable=SC2016 # awk
without='
  BEGIN { OFS = ":" }
  function without(text, m, n, i, rest) {
    n = split(text, m, ",")
    for (i = 1; i <= n; i++) if (m[i] != name) rest = rest (rest == "" ? "" : ",") m[i]
    return rest
  }'

# restore_person ID: groups that were given, the date of expiry, and the keys.
restore_person() {
  if ! same_person; then
    journal "$1" "account $_name is not the one that was changed, and is left alone"
    return 0
  fi
  for _group in $(printf '%s' "$_groups" | tr ',' ' '); do
    if ! grep -q "^$_group:" "$_was/member-group" && id -nG "$_name" | tr ' ' '\n' | grep -qxF "$_group"; then
      _said=$(gpasswd -d "$_name" "$_group" 2>&1 9>&-) || { echo "$_said"; return 1; }
    fi
  done
  if [ -s "$_was/list-leave" ]; then
    for _db in group gshadow; do
      rejoin "$_db" "$_was/list-leave" || return 1
    done
  fi
  if [ -n "$_expires" ]; then
    _said=$(usermod -e "$(cut -d: -f8 "$_was/shadow")" "$_name" 2>&1 9>&-) || { echo "$_said"; return 1; }
  fi
  if [ -f "$_was/list-keys" ] || [ -f "$_was/list-drop" ]; then restore_keys "$1"; fi
}

# restore_keys ID: byte for byte where nobody has touched them since, else line by line: what was given goes, what was taken comes back.
restore_keys() {
  _keys=$(cat "$_was/keys-path") _mode=$(cat "$_was/keys-mode")
  read_keys "$_keys" "$_name" >"$_was/keys-now"
  case $? in
  0) _now=$(digest "$_was/keys-now") ;;
  3) _now=absent ;;
  *) journal "$1" "$_keys is no plain file any more, and is left alone"; return 0 ;;
  esac
  if [ "$_mode" = absent ]; then _old=absent; else _old=$(digest "$_was/keys"); fi
  [ "$_now" != "$_old" ] || return 0
  if [ "$_now" = "$(cat "$_was/keys-after" 2>/dev/null)" ]; then
    if [ "$_old" = absent ]; then drop_keys "$_keys" "$_name"; else write_keys "$_keys" "$_name" "$_mode" <"$_was/keys"; fi
    return
  fi
  # One that was given and taken has got other options: that line goes, and the old one comes back.
  prints "$_was/keys" | { if [ -s "$_was/list-drop" ]; then grep -vxFf "$_was/list-drop"; else cat; fi; } | sort -u >"$_was/prints-old"
  printf '' >"$_was/take"
  printf '' >"$_was/give"
  [ ! -f "$_was/list-keys" ] || prints "$_was/list-keys" | grep -vxFf "$_was/prints-old" >"$_was/take"
  [ ! -f "$_was/list-drop" ] || while IFS= read -r _line || [ -n "$_line" ]; do
    _print=$(print_of "$_line")
    [ -z "$_print" ] || ! grep -qxF -- "$_print" "$_was/list-drop" || printf '%s\n' "$_line"
  done <"$_was/keys" >"$_was/give"
  merged_keys "$_keys" "$_was/give" "$_was/take" >"$_was/keys-merged" || return 1
  [ "$_mode" != absent ] || _mode=0600
  write_keys "$_keys" "$_name" "$_mode" <"$_was/keys-merged"
}

# return_person ID: the account's lines, memberships, jobs, factor, keys and home.
return_person() {
  _number=$(cat "$_was/uid") _dir=$(cat "$_was/home")
  if grep -q "^$_name:" /etc/passwd && ! same_person; then
    echo "there is an account of that name with another uid"
    return 1
  fi
  _holder=$(getent passwd "$_number" | cut -d: -f1)
  [ -z "$_holder" ] || [ "$_holder" = "$_name" ] || { echo "uid $_number is $_holder's by now"; return 1; }
  for _db in $DATABASES; do
    [ ! -s "$_was/$_db" ] || grep -q "^$_name:" "/etc/$_db" || insert_lines "/etc/$_db" "$_was/$_db" "$_was/$_db.behind" || return 1
  done
  for _db in group gshadow; do
    rejoin "$_db" || return 1
  done
  _n=0
  [ ! -s "$_was/aside" ] || while IFS= read -r _path <&3; do
    _n=$((_n + 1))
    [ ! -e "$_was/aside-$_n" ] || [ "$(digest "$_path")" = "$(digest "$_was/aside-$_n")" ] ||
      { put_back_copy "$_was/aside-$_n" "$_path" "$(digest "$_was/aside-$_n")" && sync "${_path%/*}"; } || return 1
  done 3<"$_was/aside"
  _aside=$(house_aside "$1")
  if [ -d "$_aside" ] && [ -e "$_dir" ]; then
    journal "$1" "kept: $_aside, since somebody has made $_dir anew"
  elif [ -d "$_aside" ]; then
    mv -T "$_aside" "$_dir" && sync "${_dir%/*}" || return 1
  fi
  rmdir "${_aside%/*}" 2>/dev/null || true
  if [ "$_house" = keep ] && [ "$(cat "$_was/keys-mode" 2>/dev/null || echo absent)" != absent ]; then
    read_keys "$(cat "$_was/keys-path")" "$_name" >"$_was/keys-now"
    [ $? -ne 3 ] || write_keys "$(cat "$_was/keys-path")" "$_name" "$(cat "$_was/keys-mode")" <"$_was/keys"
  fi
}

# insert_lines DATABASE COPY BEHIND: the lines in COPY behind the last of those that are named in BEHIND, or at the end where they are gone.
insert_lines() {
  # shellcheck disable=SC2016 # awk
  rewrite "$1" -v copy="$2" -v behind="$3" '
    BEGIN {
      while ((getline line <copy) > 0) text = text line "\n"
      while ((getline line <behind) > 0) if (line != "") { front[line] = 1; some = 1 }
      if (!some) printf "%s", text
    }
    { all[NR] = $0; if ($1 in front) last = NR }
    END {
      for (i = 1; i <= NR; i++) { print all[i]; if (i == last) printf "%s", text }
      if (some && !last) printf "%s", text
    }'
}

# rejoin DATABASE [GROUPS]: the account is listed again by the groups that listed it, of those in GROUPS; a group that nobody has touched gets
# its old line back.
rejoin() {
  [ -s "$_was/member-$1" ] || return 0
  # shellcheck disable=SC2016 # awk
  rewrite "/etc/$1" -v copy="$_was/member-$1" -v name="$_name" -v shadow="$1" -v only="${2-}" "$without"'
    function listed(text, m, n, i) { n = split(text, m, ","); for (i = 1; i <= n; i++) if (m[i] == name) return 1; return 0 }
    function bare(line, f) {
      split(line, f, ":")
      return f[1] ":" f[2] ":" (shadow == "gshadow" ? without(f[3]) : f[3]) ":" without(f[4])
    }
    # Behind the last of those who stood in front of it and are there.
    function joined(text, old, m, o, n, k, i, j, at, rest) {
      if (listed(text)) return text
      n = split(text, m, ","); k = split(old, o, ","); at = 0
      for (i = 1; i <= k && o[i] != name; i++) for (j = at + 1; j <= n; j++) if (m[j] == o[i]) at = j
      for (j = 0; j <= n; j++) {
        if (j > 0) rest = rest (rest == "" ? "" : ",") m[j]
        if (j == at) rest = rest (rest == "" ? "" : ",") name
      }
      return rest
    }
    BEGIN {
      if (only != "") while ((getline line <only) > 0) mine[line] = 1
      while ((getline line <copy) > 0) { split(line, f, ":"); if (only == "" || f[1] in mine) old[f[1]] = line }
    }
    $1 in old {
      if (bare($0) == bare(old[$1])) $0 = old[$1]
      else {
        split(old[$1], f, ":")
        if (listed(f[4])) $4 = joined($4, f[4])
        if (shadow == "gshadow" && listed(f[3])) $3 = joined($3, f[3])
      }
    }
    { print }'
}

# rewrite DATABASE AWK-ARGUMENT…: under the locks that useradd and its like take (lckpwdf(3) is for libraries).
rewrite() {
  _file=$1 _temp=$1.bastionctl-new
  shift
  lock_databases || { echo 'the account databases are locked by somebody'; return 1; }
  cp -p --preserve=all "$_file" "$_temp" && awk -F: "$@" "$_file" >"$_temp" && [ -s "$_temp" ] && sync "$_temp" &&
    mv -fT "$_temp" "$_file" && sync "${_file%/*}"
  _did=$?
  rm -f "$_temp"
  unlock_databases
  return "$_did"
}

# The number without a newline: shadow's tools would not take the lock for a stale one after our death.
lock_databases() {
  for _lock in $DATABASES; do
    [ -e "/etc/$_lock" ] || continue
    _tries=0
    printf %s "$$" >"/etc/$_lock.$$" || return 1
    until ln "/etc/$_lock.$$" "/etc/$_lock.lock" 2>/dev/null; do
      _tries=$((_tries + 1))
      if [ "$_tries" -gt 100 ]; then
        rm -f "/etc/$_lock.$$"
        unlock_databases
        return 1
      fi
      sleep 0.1
    done
    rm -f "/etc/$_lock.$$"
  done
}

unlock_databases() {
  for _lock in $DATABASES; do
    [ "$(cat "/etc/$_lock.lock" 2>/dev/null)" != "$$" ] || rm -f "/etc/$_lock.lock"
  done
}

# --- proof

# new_keys view|live: sshd accepts every key that was given, and none of those that were taken away. The first surprise is in $FAILED.
new_keys() {
  if [ -s "$RUN/data/roster-new" ]; then
    offers "$1" "$RUN/data/roster-new" "$RUN/offers-new"
    _odd=$(grep -v '|accepted$' "$RUN/offers-new" | head -n 1)
    [ -z "$_odd" ] || { FAILED="sshd does not accept the new key $_odd"; return 1; }
  fi
  if [ -s "$RUN/data/roster-gone" ]; then
    if [ "$1" = view ]; then _after=$RUN/offers-staged; else _after=$RUN/offers-after; fi
    _odd=$(sed 's/$/|accepted/' "$RUN/data/roster-gone" | grep -xFf - "$_after" | head -n 1)
    [ -z "$_odd" ] || { FAILED="sshd still accepts ${_odd%|accepted}"; return 1; }
  fi
}

# given_keys ID OFFERS: account|fingerprint of what the change gave: it goes when the change is undone.
given_keys() {
  [ ! -s "$CHANGES/$1/roster" ] || each_person "$CHANGES/$1/roster" given_to "$1" "$2"
}

given_to() {
  case $_action in
  create) sed -n "s/^\($_name|[^|]*\)|.*/\1/p" "$2" ;;
  *) [ ! -f "$CHANGES/$1/people/$_name/list-keys" ] || prints "$CHANGES/$1/people/$_name/list-keys" | sed "s/^/$_name|/" ;;
  esac
}
