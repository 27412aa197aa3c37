# shellcheck shell=sh
# People's accounts: made, changed and taken away, and put back line by line, since others may have changed the databases meanwhile.
# A line of a roster is name|action|uid|shell|comment|groups|expires|home|factor|archive.
#   action   create | update | remove        expires  YYYY-MM-DD, `never`, or empty for as it is
#   home     keep | archive | purge, of an account that is removed
#   archive  the folder of an archived home; empty: beside the home
#   factor   totp | codes (from $RUN/secrets/NAME) | gone, or empty for as it is
# What an account was before is below $CHANGES/ID/people/NAME; root's alone, since password hashes are part of it.

DATABASES='passwd shadow group gshadow subuid subgid'

# each_person LIST FUNCTION [ARGUMENT…]: calls FUNCTION for each line, with $_name … $_archive set and $_was its record; stops at the first failure.
each_person() {
  _list=$1
  shift
  while IFS='|' read -r _name _action _uid _shell _comment _groups _expires _house _factor _archive <&4; do
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
  if [ "$_action" = create ]; then check_newcomer; else check_present; fi
}

check_newcomer() {
  _dir=$(new_home "$_name")
  if [ -e "$_dir" ] || [ -L "$_dir" ]; then
    echo "$_dir is there already: somebody's home"
    return 1
  fi
  roots_alone "${_dir%/*}" || { echo "others than root can change what is in ${_dir%/*}: no place for a home"; return 1; }
  if [ -e "$(factor_place "$_name" "$_dir")" ]; then
    echo "there is a second factor of somebody named $_name already"
    return 1
  fi
  nobody_yet || { echo "$_name is in /etc/passwd, /etc/group or the like already"; return 1; }
  keys_in_home
}

# nobody_yet: no database has a line of that name, and no group lists it: what is there afterwards is the change's.
nobody_yet() {
  for _db in $DATABASES; do
    ! grep -qs "^$_name:" "/etc/$_db" || return 1
  done
  [ -z "$(memberships "$_name" /etc/group)" ] && { [ ! -r /etc/gshadow ] || [ -z "$(memberships "$_name" /etc/gshadow)" ]; }
}

check_present() {
  _dir=$(home_of "$_name")
  _twins=$(awk -F: -v name="$_name" -v uid="$(id -u "$_name")" '$1 != name && $3 == uid { print $1 }' /etc/passwd | tr '\n' ' ')
  [ -z "$_twins" ] || { echo "$_name has its uid in common with ${_twins% }"; return 1; }
  [ "$_action:$_house" != remove:keep ] || return 0
  keys_in_home || return 1
  if [ ! -d "$_dir" ] || [ -L "$_dir" ] || [ "$(stat -c %u "$_dir")" != "$(id -u "$_name")" ]; then
    echo "$_dir is not a folder that belongs to $_name"
    return 1
  fi
  if [ "$_action" = update ]; then
    _many=$(read_keys "$_keys" "$_name" | wc -l)
    [ "$_many" -le 500 ] || { echo "$_keys has more than 500 lines"; return 1; }
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
  fi
  ! mounted "$_dir" || { echo "something is mounted at or below $_dir: unmount it, or leave the home with --keep-home"; return 1; }
}

# keys_in_home: $_keys is the account's file of keys, which has to lie below $_dir.
keys_in_home() {
  _keys=$(keys_file "$_name" "$_dir") || { echo "sshd reads no authorized_keys file of $_name"; return 1; }
  case $_keys in
  "$_dir"/*) ;;
  *) echo "sshd reads the keys of $_name from $_keys, outside of the home: that is not supported"; return 1 ;;
  esac
}

# roots_alone FOLDER: nobody but root can rename or replace a part of the way to what is in it.
roots_alone() {
  for _way in "$1" "$(readlink -m "$1")"; do
    while :; do
      [ "$(stat -Lc %u "${_way:-/}")" = 0 ] && [ -z "$(find -L "${_way:-/}" -maxdepth 0 -perm /022)" ] || return 1
      [ -n "$_way" ] || break
      _way=${_way%/*}
    done
  done
}

# mounts FOLDER: what is mounted on it or below it: type|place.
mounts() {
  awk -v at="$(readlink -m "$1")" '$5 == at || index($5, at "/") == 1 { for (i = 7; $i != "-"; i++); print $(i + 1) "|" $5 }' /proc/self/mountinfo
}

# mounted FOLDER: what is deleted there may be everybody's. What people mount by themselves (fusermount) keeps nobody from anything.
mounted() { mounts "$1" | grep -qv '^fuse'; }

let_go() { mounts "$1" | sed -n 's/^fuse[^|]*|//p' | while IFS= read -r _mount; do umount -l "$(printf '%b' "$_mount")"; done; }

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
    nobody_yet && new_home "$_name" >"$_was/home" && new_uid "$_uid" >"$_was/uid" && belongings "$_name" >"$_was/there" || return 1
    [ -z "$_factor" ] || factor_place "$_name" "$(cat "$_was/home")" >"$_was/factor-place"
    return
  fi
  home_of "$_name" >"$_was/home" && id -u "$_name" >"$_was/uid" || return 1
  for _list in keys drop leave; do
    [ ! -f "$RUN/data/roster-$_list/$_name" ] || cp "$RUN/data/roster-$_list/$_name" "$_was/list-$_list" || return 1
  done
  if [ "$_action" = remove ] || [ -f "$_was/list-keys" ] || [ -f "$_was/list-drop" ]; then record_keys || return 1; fi
  [ -z "$_factor" ] || record_factor || return 1
  for _db in $DATABASES; do
    [ ! -r "/etc/$_db" ] || record_lines "$_name" "/etc/$_db" "$_was/$_db" || return 1
  done
  for _db in group gshadow; do
    memberships "$_name" "/etc/$_db" >"$_was/member-$_db" || return 1
  done
}

# record_keys: text and mode; `absent` where there is no file, `unread` where it is none that can be kept.
record_keys() {
  _dir=$(cat "$_was/home")
  keys_file "$_name" "$_dir" >"$_was/keys-path" || { [ "$_action" = remove ] && return 0; return 1; }
  read_keys "$(cat "$_was/keys-path")" "$_name" >"$_was/keys"
  case $? in
  0) as_owner "$_name" stat -c '%04a' "$(cat "$_was/keys-path")" >"$_was/keys-mode" ;;
  3) echo absent >"$_was/keys-mode" ;;
  *)
    # Whoever leaves has no say in it.
    if [ "$_action" = remove ]; then echo unread >"$_was/keys-mode"; else echo "the keys of $_name cannot be read"; return 1; fi
    ;;
  esac
}

record_factor() {
  _dir=$(cat "$_was/home")
  _place=$(factor_place "$_name" "$_dir") && printf '%s\n' "$_place" >"$_was/factor-place" || return 1
  read_factor "$_place" "$_name" "$_dir" >"$_was/factor"
  case $? in
  0) ;;
  3) ;;
  *) echo "the second factor of $_name cannot be read"; return 1 ;;
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
    $1 >= 1000 && $1 <= 60000 && $1 > top { top = $1 }
    END { print (top < 1000) ? 1000 : top + 1 }'
}

# belongings NAME: what else an account of that name has, or had.
belongings() {
  for _place in "/var/spool/cron/crontabs/$1" "/var/spool/cron/$1" "/var/lib/systemd/linger/$1" "/var/mail/$1" "/var/spool/mail/$1"; do
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
  useradd "$@" "$_name" 2>&1 9>&- && chmod 0750 "$_dir" && give_keys && give_factor || return 1
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
  *)
    usermod -e "$_expires" "$_name" 2>&1 9>&- || return 1
    # Locked: who is in goes out.
    if [ "$_where" = live ] && [ "$(date -u -d "$_expires" +%s)" -le "$(epoch)" ]; then end_sessions "$_name"; fi
    ;;
  esac
  if [ -s "$RUN/data/roster-keys/$_name" ] || [ -s "$RUN/data/roster-drop/$_name" ]; then give_keys || return 1; fi
  give_factor
}

# give_keys: the account's file with the new lines and without those that go. What it will be is on record before it is.
give_keys() {
  _at=$(keys_file "$_name" "$_dir") || return 1
  [ "$_where" = live ] || { [ -d "${_at%/*}" ] && shadow_file "$_at"; } || covered "$_at" || { echo "$_at cannot be kept apart from the live one"; return 1; }
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
  printf '' >"$_text.prints"
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
  # Whoever has the same uid can take descriptors of it, and stop it as long as they like.
  timeout -k 2 20 setpriv --reuid="$_owner" --regid="$_group" --clear-groups -- "$@" 3<&- 4<&- 9>&-
}

# read_keys FILE NAME: 3: there is none; 4: it is no plain file, or larger than 256 KB; else: the owner cannot read it.
read_keys() {
  # shellcheck disable=SC2016 # it is the inner shell that expands
  as_owner "$2" /bin/sh -c '[ -e "$0" ] || [ -L "$0" ] || exit 3; [ -f "$0" ] && [ ! -L "$0" ] && [ "$(stat -c %s -- "$0")" -le 262144 ] || exit 4; exec head -c 262144 -- "$0"' "$1" </dev/null 2>/dev/null
}

# write_keys FILE NAME MODE: standard input becomes FILE, at once or not at all.
write_keys() {
  # shellcheck disable=SC2016 # it is the inner shell that expands
  as_owner "$2" /bin/sh -c \
    'umask 077 && mkdir -p "${0%/*}" && { [ -w "${0%/*}" ] || chmod u+rwx "${0%/*}"; } && rm -rf "$0.bastionctl-new" && cat >"$0.bastionctl-new" && chmod "$1" "$0.bastionctl-new" && sync "$0.bastionctl-new" && mv -fT "$0.bastionctl-new" "$0" && sync "${0%/*}"' "$1" "$3" >/dev/null 2>&1
}

drop_keys() {
  # shellcheck disable=SC2016 # it is the inner shell that expands
  as_owner "$2" /bin/sh -c '{ [ -w "${0%/*}" ] || chmod u+rwx "${0%/*}"; } && rm -f "$0" && sync "${0%/*}"' "$1" </dev/null >/dev/null 2>&1
}

# --- second factors

factor_place() { value factor "$RUN/data/manifest" | sed -e "s|%u|$1|g" -e "s|%h|$2|g"; }

# read_factor, write_factor, drop_factor PLACE NAME HOME: below the home as its owner; elsewhere it is root's, in a folder of root's.
# read_factor 3: there is none.
read_factor() {
  case $1 in
  "$3"/*) read_keys "$1" "$2" ;;
  *) [ -e "$1" ] || return 3; cat "$1" ;;
  esac
}

write_factor() {
  case $1 in
  "$3"/*) write_keys "$1" "$2" 0400 ;;
  *)
    [ -d "${1%/*}" ] || { mkdir -p "${1%/*}" && relabel "${1%/*}"; } || return 1
    cat >"$1.bastionctl-new" && chmod 0400 "$1.bastionctl-new" && relabel "$1.bastionctl-new" && sync "$1.bastionctl-new" &&
      mv -fT "$1.bastionctl-new" "$1" && sync "${1%/*}"
    ;;
  esac
}

drop_factor() {
  case $1 in
  "$3"/*) drop_keys "$1" "$2" ;;
  *) rm -f "$1" && sync "${1%/*}" ;;
  esac
}

# give_factor: what the roster says of the second factor. Whose it will be is on record before it is.
give_factor() {
  [ -n "$_factor" ] || return 0
  _place=$(factor_place "$_name" "$_dir")
  [ "$_where" = live ] || { [ -d "${_place%/*}" ] && shadow_file "$_place"; } || covered "$_place" || { echo "$_place cannot be kept apart from the live one"; return 1; }
  printf '' >"$RUN/factor-new"
  [ "$_factor" = gone ] || factor_text >"$RUN/factor-new" || return 1
  if [ "$_where" = live ] && [ "$_action" = update ]; then
    factor_of "$RUN/factor-new" >"$_was/factor-after" && durable "$_was/factor-after" || return 1
  fi
  if [ "$_factor" = gone ]; then
    drop_factor "$_place" "$_name" "$_dir"
  else
    write_factor "$_place" "$_name" "$_dir" <"$RUN/factor-new"
  fi
}

# factor_text: what has come, as the module reads it; with `codes` the old text, its scratch codes replaced.
factor_text() {
  _sent=$RUN/secrets/$_name
  [ -s "$_sent" ] || { echo "no secret has come for $_name"; return 1; }
  if [ "$_factor" = totp ]; then
    head -n 1 "$_sent"
    factor_settings
    sed 1d "$_sent"
    return
  fi
  read_factor "$_place" "$_name" "$_dir" >"$RUN/factor-old" || return 1
  grep -vxE '[0-9]{8}' "$RUN/factor-old" && cat "$_sent"
}

# factor_of FILE: which secret it has, without telling it; the module rewrites all other lines at logins.
factor_of() {
  if [ -s "$1" ]; then head -n 1 "$1" | sha256sum | cut -d' ' -f1; else echo absent; fi
}

# restore_factor ID: the old one, unless the account has come by yet another one.
restore_factor() {
  _dir=$(cat "$_was/home") _place=$(cat "$_was/factor-place")
  drop_factor "$_place.bastionctl-new" "$_name" "$_dir" || true
  read_factor "$_place" "$_name" "$_dir" >"$_was/factor-now"
  case $? in
  0 | 3) ;;
  4) journal "$1" "$_place is no plain file any more, and is left alone"; return 0 ;;
  *) in_vain "$1" "$_place"; return ;;
  esac
  if cmp -s "$_was/factor" "$_was/factor-now"; then _then=old; else _then=$(factor_of "$_was/factor-now"); fi
  rm -f "$_was/factor-now"
  [ "$_then" != old ] || return 0
  if [ "$_then" != "$(cat "$_was/factor-after" 2>/dev/null)" ]; then
    journal "$1" "the second factor of $_name is another one by now, and is left alone"
  elif [ -s "$_was/factor" ]; then
    write_factor "$_place" "$_name" "$_dir" <"$_was/factor" || in_vain "$1" "$_place"
  else
    drop_factor "$_place" "$_name" "$_dir" || in_vain "$1" "$_place"
  fi
}

# lend_code PLACE NAME HOME: $CODE gets in once by the account's own factor, which is put right from $WORK/own-factor afterwards. Logins of
# the last half minute do not count against it.
lend_code() {
  CODE=9$(digits 7)
  read_factor "$1" "$2" "$3" >"$WORK/own-factor" &&
    { sed 's/^\(" RATE_LIMIT [0-9]* [0-9]*\).*/\1/' "$WORK/own-factor" && echo "$CODE"; } | write_factor "$1" "$2" "$3"
}

# --- taking away

# remove_person view|live ID: nobody gets in, nothing runs, and nothing will, from now on; what is the account's own is out of the way. The
# account itself goes with the confirm: until then nobody else comes by its uid, its groups or its subordinate ids.
remove_person() {
  if [ "$1" = view ]; then
    # Somebody's hooks would reach out of the view.
    rm -rf /etc/shadow-maint && sed -i 's/^USERDEL_CMD/#&/' /etc/login.defs
    userdel -f "$_name" >/dev/null 2>&1 9>&-
    ! grep -q "^$_name:" /etc/passwd
    return
  fi
  _dir=$(cat "$_was/home")
  # The second day of 1970, since 0 has more than one meaning in shadow(5).
  _said=$(usermod -e 1970-01-02 "$_name" 2>&1 9>&-) || { echo "$_said"; return 1; }
  # Nor does anything of theirs run that could be in the way; once more at the end, since a job may have begun meanwhile.
  end_sessions "$_name"
  belongings "$_name" | grep -v '/mail/' >"$RUN/belongings"
  for _spool in /var/spool/cron/atjobs /var/spool/at; do
    [ ! -d "$_spool" ] || find "$_spool" -maxdepth 1 -type f -user "$_name" >>"$RUN/belongings"
  done
  _place=$(factor_place "$_name" "$_dir")
  case $_place in
  "$_dir"/*) ;;
  *) [ ! -f "$_place" ] || printf '%s\n' "$_place" >>"$RUN/belongings" ;;
  esac
  while IFS= read -r _thing; do set_aside "$_thing" "$_was" || return 1; done <"$RUN/belongings"
  if [ "$_house" = keep ]; then
    # A home that stays opens nothing any more.
    [ "$(cat "$_was/keys-mode" 2>/dev/null || echo absent)" = absent ] || drop_keys "$(cat "$_was/keys-path")" "$_name" || return 1
  elif [ -d "$_dir" ]; then
    _aside=$(house_aside "$2")
    [ -e "${_aside%/*}" ] || { printf '' >"$_was/made-archive" && durable "$_was/made-archive"; } || return 1
    let_go "$_dir"
    own_folder "${_aside%/*}" && ! mounted "$_dir" && mv -T "$_dir" "$_aside" && sync "${_dir%/*}" "${_aside%/*}" || return 1
  fi
  end_sessions "$_name"
}

# house_aside ID: where the home goes, on its own file system.
house_aside() { printf '%s/%s-%s\n' "${_archive:-${_dir%/*}/.bastionctl-homes}" "$_name" "$1"; }

# own_folder FOLDER: is there, root's, and closed to all others.
own_folder() {
  [ -e "$1" ] || [ -L "$1" ] || mkdir -m 0700 "$1" || return 1
  # Of the link itself, where it is one.
  [ "$(stat -c '%F %u %a' "$1")" = 'directory 0 700' ] || { echo "$1 is not a folder of root's alone"; return 1; }
}

# end_sessions NAME: nothing of the account runs any more, neither under its uid nor for it under another one (su, passwd).
end_sessions() {
  _number=$(id -u "$1") || return 0
  loginctl terminate-user "$1" 2>/dev/null
  systemctl kill -s KILL "user-$_number.slice" 2>/dev/null
  _tries=0
  # Not those of a container, whose numbers are its own.
  set -- pkill -KILL --ns 1 --nslist pid
  while { "$@" -u "$_number"; "$@" -U "$_number" || pgrep --ns 1 --nslist pid -u "$_number" >/dev/null; } 2>/dev/null && [ "$_tries" -lt 50 ]; do
    sleep 0.1
    _tries=$((_tries + 1))
  done
}

# set_aside FILE FOLDER: on record, with where it came from, before it goes.
set_aside() {
  _n=$(($(wc -l <"$2/aside" 2>/dev/null || echo 0) + 1))
  cp -p --preserve=all "$1" "$2/aside-$_n" && printf '%s\n' "$1" >>"$2/aside" && durable "$2/aside" "$2/aside-$_n" && rm -f "$1" && sync "${1%/*}"
}

# settle_left: what a confirm that died has left. Not before a roll back, which would find less to bring back.
settle_left() {
  for _left in "$CHANGES"/*/roster; do
    _left=${_left%/roster}
    [ "$(state_of "${_left##*/}")" != confirmed ] || settle_roster "${_left##*/}"
  done
}

# settle_roster ID: what waited for the confirm: accounts go, and homes that are to be deleted. May be repeated.
settle_roster() {
  [ -s "$CHANGES/$1/roster" ] || return 0
  clear_locks
  _unsettled=0
  each_person "$CHANGES/$1/roster" settle_person "$1"
  return "$_unsettled"
}

settle_person() {
  [ "$_action" = remove ] || return 0
  _was=$CHANGES/$1/people/$_name
  _dir=$(cat "$_was/home")
  # Once: an account of that name and number may be somebody's, later.
  if [ ! -e "$_was/gone" ]; then
    if same_person && [ "$(expiry)" != 1 ]; then
      journal "$1" "account $_name was unlocked or made anew by somebody else, and is left alone"
      printf '' >"$_was/gone" && durable "$_was/gone"
      return 0
    fi
    if same_person; then
      delete_account || { echo "account $_name cannot log in, but is still there: $_said"; _unsettled=1; return 0; }
    fi
    # A death inside userdel leaves lines behind.
    grep -q "^$_name:" /etc/passwd || forget_person || { _unsettled=1; return 0; }
    { printf '' >"$_was/gone" && durable "$_was/gone"; } || { _unsettled=1; return 0; }
  fi
  [ "$_house" = purge ] || return 0
  _aside=$(house_aside "$1")
  [ ! -d "$_aside" ] || mv -T "$_aside" "$_aside.purge" || return 0
  if [ -d "$_aside.purge" ] && ! mounted "$_aside.purge"; then
    # Nobody waits for it: a home may be large.
    # shellcheck disable=SC2016 # it is the inner shell that expands; systemd-run would expand ${…} itself
    systemd-run --quiet --no-block --collect /bin/sh -c 'rm -rf --one-file-system "$0"; rmdir "$(dirname "$0")"' "$_aside.purge" 9>&-
  fi
}

# delete_account: not while a process of it is left, which userdel minds. Its own group stays if it is others' as well.
delete_account() {
  for _try in 1 2 3 4 5; do
    end_sessions "$_name"
    _said=$(userdel "$_name" 2>&1 9>&-) && return 0
    grep -q "^$_name:" /etc/passwd || return 0
    sleep 0.2
  done
  return 1
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
  # Not into a pipe: what runs as the person could keep it open for ever.
  case $_action in
  create) unmake_person "$1" ;;
  update) restore_person "$1" ;;
  remove) return_person "$1" ;;
  *) ;;
  esac >"$_was/trouble" 2>&1 || { journal "$1" "cannot restore yet: account $_name: $(tail -n 3 "$_was/trouble")"; _undone=1; }
  rm -f "$_was/trouble"
  return 0
}

# expiry: the account's last day, in days since 1970, as shadow(5) has it.
expiry() { grep "^$_name:" /etc/shadow | cut -d: -f8; }

# same_person: whether the account of that name is the one on record, and not one that others have made since.
same_person() { [ "$(getent passwd "$_name" | cut -d: -f3)" = "$(cat "$_was/uid")" ]; }

# in_vain ID FILE: whether this is the third time that a file of the person's own withstands: it is left alone then, since they could keep
# the host from ever being done otherwise.
in_vain() {
  _count=$_was/withstood-$(printf %s "$2" | cksum | cut -d' ' -f1)
  echo again >>"$_count"
  [ "$(wc -l <"$_count")" -ge 3 ] || return 1
  journal "$1" "$2 withstands, and is left as it is"
  grep -qsxF "$2 it-withstands" "$CHANGES/$1/kept" || printf '%s it-withstands\n' "$2" >>"$CHANGES/$1/kept"
}

# unmake_person ID: a home in which something is newer than the proof is not thrown away.
unmake_person() {
  _number=$(cat "$_was/uid") _dir=$(cat "$_was/home")
  if grep -q "^$_name:" /etc/passwd && ! same_person; then
    journal "$1" "account $_name has another uid by now, and is left alone"
    return 0
  fi
  if grep -q "^$_name:" /etc/passwd; then delete_account || true; fi
  # A death inside userdel leaves lines behind.
  forget_person || return 1
  if [ -s "$_was/factor-place" ]; then
    case $(cat "$_was/factor-place") in
    "$_dir"/*) ;;
    *) rm -f "$(cat "$_was/factor-place")" "$(cat "$_was/factor-place").bastionctl-new" ;;
    esac
  fi
  belongings "$_name" | grep -vxFf "$_was/there" | while IFS= read -r _thing; do rm -f "$_thing"; done
  if [ -d "$_dir" ] && [ ! -L "$_dir" ] && [ "$(stat -c %u "$_dir")" = "$_number" ]; then
    if [ -e "$CHANGES/$1/roster.made" ] && [ -n "$(find "$_dir" -mindepth 1 -cnewer "$CHANGES/$1/roster.made" -print -quit)" ]; then
      mv -T "$_dir" "$_dir.bastionctl-$1" && journal "$1" "kept: $_dir.bastionctl-$1 has what is newer than the account"
    elif mounted "$_dir"; then
      journal "$1" "kept: something is mounted at or below $_dir"
    else
      rm -rf --one-file-system "$_dir"
    fi
    sync "${_dir%/*}"
  fi
  # useradd that died before it gave the home away.
  [ ! -d "$_dir" ] || [ "$(stat -c %u "$_dir")" != 0 ] || rmdir "$_dir" 2>/dev/null || true
}

# group_of_others: the group of that name has members of its own, is somebody's first one, or is another one than was recorded.
group_of_others() {
  _gid=$(sed -n "s/^$_name:[^:]*:\([0-9]*\):.*/\1/p" /etc/group)
  [ -n "$_gid" ] || return 1
  cut -d: -f4 /etc/passwd | grep -qx "$_gid" && return 0
  sed -n "s/^$_name:[^:]*:[0-9]*://p" /etc/group | tr ',' '\n' | grep -vx "$_name" | grep -q . && return 0
  [ -s "$_was/group" ] && [ "$(cut -d: -f3 "$_was/group" | head -n 1)" != "$_gid" ]
}

# forget_person: no line of the account is left in any database, and no group lists it; a group that others have as their own stays.
forget_person() {
  _mine=yes
  group_of_others && _mine=no
  for _db in $DATABASES; do
    case $_db in
    group | gshadow) [ "$_mine" = yes ] || continue ;;
    *) ;;
    esac
    if grep -qs "^$_name:" "/etc/$_db"; then
      # shellcheck disable=SC2016 # awk
      rewrite "/etc/$_db" -v name="$_name" '$1 != name' || return 1
    fi
  done
  for _db in group gshadow; do
    [ -r "/etc/$_db" ] || continue
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
    # Both files: gpasswd may have died between them.
    if ! grep -q "^$_group:" "$_was/member-group" &&
      { memberships "$_name" /etc/group; [ ! -r /etc/gshadow ] || memberships "$_name" /etc/gshadow; } | grep -q "^$_group:"; then
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
  if [ -f "$_was/list-keys" ] || [ -f "$_was/list-drop" ]; then restore_keys "$1" || return 1; fi
  [ -z "$_factor" ] || restore_factor "$1"
}

# restore_keys ID: byte for byte where nobody has touched them since, else line by line: what was given goes, what was taken comes back.
restore_keys() {
  _keys=$(cat "$_was/keys-path") _mode=$(cat "$_was/keys-mode")
  read_keys "$_keys" "$_name" >"$_was/keys-now"
  case $? in
  0) _now=$(digest "$_was/keys-now") ;;
  3) _now=absent ;;
  4) journal "$1" "$_keys is no plain file any more, and is left alone"; return 0 ;;
  *) in_vain "$1" "$_keys"; return ;;
  esac
  if [ "$_mode" = absent ]; then _old=absent; else _old=$(digest "$_was/keys"); fi
  [ "$_now" != "$_old" ] || return 0
  if [ "$_now" = "$(cat "$_was/keys-after" 2>/dev/null)" ]; then
    if [ "$_old" = absent ]; then drop_keys "$_keys" "$_name"; else write_keys "$_keys" "$_name" "$_mode" <"$_was/keys"; fi || in_vain "$1" "$_keys"
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
  [ "$_mode" != absent ] || _mode=0600
  { merged_keys "$_keys" "$_was/give" "$_was/take" >"$_was/keys-merged" && write_keys "$_keys" "$_name" "$_mode" <"$_was/keys-merged"; } ||
    in_vain "$1" "$_keys"
}

# check_return ID: what stands in the way of those who were taken off and are to come back; the first is printed.
check_return() { [ ! -s "$CHANGES/$1/roster" ] || each_person "$CHANGES/$1/roster" check_returning "$1"; }

check_returning() {
  _was=$CHANGES/$1/people/$_name
  if [ "$_action" != remove ] || same_person; then return 0; fi
  ! grep -q "^$_name:" /etc/passwd || { echo "there is another account $_name by now"; return 1; }
  _holder=$(getent passwd "$(cat "$_was/uid")" | cut -d: -f1)
  [ -z "$_holder" ] || { echo "uid $(cat "$_was/uid") is $_holder's by now"; return 1; }
  _gid=$(cut -d: -f3 "$_was/group" | head -n 1)
  _holder=$([ -z "$_gid" ] || getent group "$_gid" | cut -d: -f1)
  [ -z "$_holder" ] || [ "$_holder" = "$_name" ] || { echo "gid $_gid is $_holder's by now"; return 1; }
}

# taken DATABASE: whose the account's subordinate ids are by now; useradd gives away what is free.
taken() {
  case $1 in
  sub*) awk -F: -v start="$(cut -d: -f2 "$_was/$1" | head -n 1)" -v name="$_name" '$2 == start && $1 != name { print $1; exit }' "/etc/$1" ;;
  *) ;;
  esac
}

# return_person ID: the account and its lines, memberships, jobs, factor, keys and home.
return_person() {
  check_returning "$1" || return 1
  for _db in $DATABASES; do
    if [ ! -s "$_was/$_db" ] || grep -q "^$_name:" "/etc/$_db"; then continue; fi
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
  _then=$(cut -d: -f8 "$_was/shadow")
  if [ "$(expiry)" != "$_then" ]; then
    _said=$(usermod -e "$_then" "$_name" 2>&1 9>&-) || { echo "$_said"; return 1; }
  fi
  _n=0
  [ ! -s "$_was/aside" ] || while IFS= read -r _path <&3; do
    _n=$((_n + 1))
    _old=$(digest "$_was/aside-$_n")
    if [ "$_old" = absent ] || [ "$(digest "$_path")" = "$_old" ]; then continue; fi
    # By a name that neither cron nor at takes for a job.
    put_back_copy "$_was/aside-$_n" "$_path" "$_old" "${_path%/*}/.${_path##*/}.bastionctl-new" && sync "${_path%/*}" || return 1
  done 3<"$_was/aside"
  _dir=$(cat "$_was/home")
  _aside=$(house_aside "$1")
  if [ -d "$_aside" ]; then
    # An empty one may have been made by a login that came too early.
    rmdir "$_dir" 2>/dev/null || true
    if [ -e "$_dir" ]; then
      journal "$1" "kept: $_aside, since somebody has made $_dir anew"
    else
      mv -T "$_aside" "$_dir" && sync "${_dir%/*}" || return 1
    fi
  elif [ "$_house" = purge ] && [ ! -d "$_dir" ]; then
    journal "$1" "$_dir was deleted, and is not put back"
  fi
  [ ! -e "$_was/made-archive" ] || rmdir "${_aside%/*}" 2>/dev/null || true
  [ "$_house" = keep ] || return 0
  case $(cat "$_was/keys-mode" 2>/dev/null) in
  '' | absent | unread) return 0 ;;
  *) ;;
  esac
  read_keys "$(cat "$_was/keys-path")" "$_name" >"$_was/keys-now"
  case $? in
  0) ;;
  3) write_keys "$(cat "$_was/keys-path")" "$_name" "$(cat "$_was/keys-mode")" <"$_was/keys" || in_vain "$1" "$(cat "$_was/keys-path")" ;;
  *) in_vain "$1" "$(cat "$_was/keys-path")" ;;
  esac
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

# rewrite DATABASE AWK-ARGUMENT…: under the locks that useradd and its like take. passwd(1) by way of pam_unix takes another one
# (lckpwdf(3), which a shell cannot): what was written meanwhile is seen by its digest, and the work begins anew.
rewrite() {
  _file=$1 _temp=$1.bastionctl-new
  shift
  lock_databases || { echo 'the account databases are locked by somebody'; return 1; }
  _did=1
  for _try in 1 2 3 4 5; do
    _read=$(digest "$_file")
    { cp -p --preserve=all "$_file" "$_temp" && awk -F: "$@" "$_file" >"$_temp" && whole "$_temp" && sync "$_temp"; } || break
    [ "$(digest "$_file")" = "$_read" ] || continue
    mv -fT "$_temp" "$_file" && sync "${_file%/*}" && _did=0
    break
  done
  rm -f "$_temp"
  unlock_databases
  return "$_did"
}

# whole FILE: subordinate ids may be nobody's; of the others somebody is always there.
whole() {
  case $1 in
  /etc/sub*) ;;
  *) [ -s "$1" ] ;;
  esac
}

# The number without a newline: shadow's tools would not take the lock for a stale one after our death.
lock_databases() {
  for _lock in $DATABASES; do
    [ -e "/etc/$_lock" ] || continue
    _tries=0
    printf %s "$$" >"/etc/$_lock.$$" || { rm -f "/etc/$_lock.$$"; unlock_databases; return 1; }
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
