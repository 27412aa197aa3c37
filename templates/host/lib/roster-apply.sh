# shellcheck shell=sh
# The part of roster.sh that makes, changes and takes away people's accounts, for a change that has a roster; the guard and the confirm do without.

# --- the record, below record_roster

record_person() {
  _was=$CHANGES/$1/people/$_name
  mkdir -p "$_was" || return 1
  for _list in keys drop leave; do
    [ ! -f "$RUN/data/roster-$_list/$_name" ] || cp "$RUN/data/roster-$_list/$_name" "$_was/list-$_list" || return 1
  done
  if [ "$_action" = create ]; then
    nobody_yet && new_home "$_name" >"$_was/home" && new_uid "$_uid" >"$_was/uid" && belongings "$_name" >"$_was/there" || return 1
    # Of what they enrol by themselves, too.
    factor_place "$_name" "$(cat "$_was/home")" >"$_was/factor-place"
    return
  fi
  home_of "$_name" >"$_was/home" && id -u "$_name" >"$_was/uid" || return 1
  if [ "$_action" = remove ] || [ -f "$_was/list-keys" ] || [ -f "$_was/list-drop" ]; then record_keys || return 1; fi
  [ -z "$_factor" ] || record_factor || return 1
  for _db in $DATABASES; do
    [ ! -r "/etc/$_db" ] || record_lines "$_name" "/etc/$_db" "$_was/$_db" || return 1
  done
  for _db in group gshadow; do
    memberships "$_name" "/etc/$_db" >"$_was/member-$_db" || return 1
  done
}

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

# --- carrying it out

# apply_roster view|live [ID]: in a view nobody's session ends, no home moves, and nothing is written that is not covered.
apply_roster() {
  # Somebody's hooks would reach out of the view.
  [ "$1" = live ] || { rm -rf /etc/shadow-maint; sed -i 's/^USERDEL_CMD/#&/' /etc/login.defs; }
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

# update_person view|live
update_person() {
  _dir=$(home_of "$_name") _where=$1
  [ -z "$_groups" ] || usermod -a -G "$_groups" "$_name" 2>&1 9>&- || return 1
  [ ! -s "$RUN/data/roster-leave/$_name" ] || while IFS= read -r _group; do
    _said=$(gpasswd -d "$_name" "$_group" 2>&1 9>&-) || { echo "$_said"; return 1; }
  done <"$RUN/data/roster-leave/$_name"
  if [ -n "$_expires" ]; then
    _end=$(set_day) || return 1
    usermod -e "$_end" "$_name" 2>&1 9>&- || return 1
    if [ "$_where" != live ]; then
      :
    # Locked: who is in goes out.
    elif shut_by "$_end"; then
      shut_out "$_name"
    elif shut_by "$(old_day)"; then
      linger_on
    fi
  fi
  if [ -s "$RUN/data/roster-keys/$_name" ] || [ -s "$RUN/data/roster-drop/$_name" ]; then give_keys || return 1; fi
  # A factor that moves has done so already.
  [ "$_factor:$_where" = moved:live ] || give_factor
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

# shut_out NAME: as end_sessions; what a host cannot end, waiting for a disk, is said.
shut_out() {
  end_sessions "$1" || echo "still running as $1, and cannot be ended: $(echo "$_running" | paste -sd ' ' -)" >>"$RUN/remark"
}

# set_aside FILE FOLDER: on record, with where it came from, before it goes; and before that the copy is on disk, since what is on record is put
# back over what is there.
set_aside() {
  _n=$(($(wc -l <"$2/aside" 2>/dev/null || echo 0) + 1))
  cp -p --preserve=all "$1" "$2/aside-$_n" && durable "$2/aside-$_n" && printf '%s\n' "$1" >>"$2/aside" && durable "$2/aside" && rm -f "$1" && sync "${1%/*}"
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
    _odd=$(sed 's/.*/&|accepted\n&|unknown/' "$RUN/data/roster-gone" | grep -xFf - "$_after" | head -n 1 | tr '|' ' ')
    case $_odd in
    '') ;;
    *accepted) FAILED="sshd still accepts ${_odd% *}" && return 1 ;;
    *) FAILED="sshd does not say whether it still accepts ${_odd% *}" && return 1 ;;
    esac
  fi
}
