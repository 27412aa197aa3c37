# shellcheck shell=sh
# Accounts made and taken away: the part of roster-apply.sh that a change which only moves second factors does without.

# new_uid ASKED: above all that are in use or were those of people who have left, so that nobody inherits their files, and none that a rule
# of sudo is for (#1005); where that is no uid of people, the highest that is nobody's. 1: there is none.
new_uid() {
  if [ -n "$1" ]; then
    printf '%s\n' "$1"
    return
  fi
  { grep '^UID_M' /etc/login.defs; getent passwd | cut -d: -f3; cat "$CHANGES"/*/people/*/uid; grep -ohr '#[0-9]*' /etc/sudoers*; } 2>/dev/null | awk '
    BEGIN { min = 1000; max = 60000 }
    sub(/^#/, "") { used[$1]; next }
    $1 == "UID_MIN" && $2 + 0 > min { min = $2 + 0 }
    $1 == "UID_MAX" && $2 + 0 > 0 && $2 + 0 < max { max = $2 + 0 }
    { used[$1] }
    $1 >= min && $1 <= max && $1 > top { top = $1 }
    END {
      uid = top ? top + 1 : min
      while (uid in used) uid++
      while (uid > max || (uid in used)) uid--
      if (uid < min) exit 1
      print uid
    }'
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
  # Nor does it age: a host with PASS_MAX_DAYS or INACTIVE would refuse the keys of whoever has no password to change.
  set -- "$1" -m -d "$_dir" -u "$_number" -s "$_shell" -c "$_comment" -p '*' -K PASS_MAX_DAYS=-1 -K PASS_MIN_DAYS=-1 -f -1
  [ -z "$_groups" ] || set -- "$@" -G "$_groups"
  case $_expires in
  '' | never) ;;
  *) set -- "$@" -e "$(set_day)" ;;
  esac
  _where=$1
  shift
  useradd "$@" "$_name" 2>&1 9>&-
  case $? in
  0) ;;
  # Its name is in use (useradd(8)): since a moment ago, by somebody else.
  9) [ "$_where" = view ] || mark "$_was/not-ours"; return 1 ;;
  *) return 1 ;;
  esac
  chmod 0750 "$_dir" && give_keys && give_factor || return 1
  [ -z "$(command -v restorecon)" ] || restorecon -R "$_dir" 2>/dev/null || true
  [ "$_where" = view ] || sync -f "$_dir"
}

# --- taking away

# remove_person view|live ID: nobody gets in, nothing runs, and nothing will, from now on; what is the account's own is out of the way. The
# account itself goes with the confirm: until then nobody else comes by its uid, its groups or its subordinate ids.
remove_person() {
  if [ "$1" = view ]; then
    userdel -f "$_name" >/dev/null 2>&1 9>&-
    ! has_line "$_name" /etc/passwd
    return
  fi
  _dir=$(cat "$_was/home")
  # The second day of 1970, since 0 has more than one meaning in shadow(5).
  _said=$(usermod -e 1 "$_name" 2>&1 9>&-) || { echo "$_said"; return 1; }
  # Nor does anything of theirs run that could be in the way; once more at the end, since a job may have begun meanwhile.
  end_sessions "$_name"
  belongings "$_name" | grep -v '/mail/' >"$RUN/belongings"
  at_jobs "$_name" >>"$RUN/belongings"
  factor_places "$_name" "$_dir" | while IFS= read -r _place; do
    case $_place in
    "$_dir"/*) ;;
    *) drop_torn "$_place" && { [ ! -f "$_place" ] || printf '%s\n' "$_place"; } ;;
    esac
  done >>"$RUN/belongings"
  each_keys with_belongings
  while IFS= read -r _thing; do set_aside "$_thing" "$_was" || return 1; done <"$RUN/belongings"
  if [ "$_house" = keep ]; then
    # A home that stays opens nothing any more.
    each_keys drop_file || return 1
  elif [ -d "$_dir" ]; then
    _aside=$(house_aside "$2")
    [ -e "${_aside%/*}" ] || mark "$_was/made-archive" || return 1
    mark "$_was/moved" || return 1
    let_go "$_dir"
    own_folder "${_aside%/*}" && ! mounted "$_dir" && mv -T "$_dir" "$_aside" && sync "${_dir%/*}" "${_aside%/*}" || return 1
  fi
  shut_out "$_name"
}

# with_belongings, drop_file: keys outside of the home go as jobs do; those in it with the home, or alone where that stays.
with_belongings() {
  case $_by:$(cat "$_kept/keys-mode") in
  root:absent | root:unread) ;;
  root:*) printf '%s\n' "$_keys" >>"$RUN/belongings" ;;
  *) ;;
  esac
}

drop_file() { [ "$_by" = root ] || [ "$(cat "$_kept/keys-mode")" = absent ] || drop_keys "$_keys" "$_by"; }

# own_folder FOLDER: is there, root's, and closed to all others.
own_folder() {
  [ -e "$1" ] || [ -L "$1" ] || mkdir -m 0700 "$1" || return 1
  # Of the link itself, where it is one.
  [ "$(stat -c '%F %u %a' "$1")" = 'directory 0 700' ] || { echo "$1 is not a folder of root's alone"; return 1; }
}

# set_aside FILE FOLDER: on record, with where it came from, before it goes; and before that the copy is on disk, since what is on record is put
# back over what is there.
set_aside() {
  _n=$(($(wc -l <"$2/aside" 2>/dev/null || echo 0) + 1))
  cp -p --preserve=all "$1" "$2/aside-$_n" && durable "$2/aside-$_n" && printf '%s\n' "$1" >>"$2/aside" && durable "$2/aside" && rm -f "$1" && sync "${1%/*}"
}
