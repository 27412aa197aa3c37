# shellcheck shell=sh
# People's accounts: made, changed and taken away, and put back line by line, since others may have changed the databases meanwhile.
# A line of a roster is name|action|uid|shell|comment|groups|expires|home|factor|archive.
#   action   create | update | remove        expires  the last day, YYYY-MM-DD; `never`; or empty for as it is
#   home     keep | archive | purge, of an account that is removed
#   archive  the folder of an archived home; empty: beside the home
#   factor   totp | codes (from $RUN/secrets/NAME) | gone | moved, or empty for as it is
# What an account was before is below $CHANGES/ID/people/NAME; root's alone, since password hashes are part of it.

# each_person LIST FUNCTION [ARGUMENT…]: calls FUNCTION for each line, with $_name … $_archive set and $_was its record; stops at the first failure.
each_person() {
  _list=$1
  shift
  while IFS='|' read -r _name _action _uid _shell _comment _groups _expires _house _factor _archive <&4; do
    "$@" || return 1
  done 4<"$_list"
}


# created NAME: whether the account is one that the change makes.
created() { cut -d'|' -f1,2 "$RUN/data/roster" 2>/dev/null | grep -qxF -- "$1|create"; }

# has_line NAME DATABASE: names may have a dot, which a pattern would take for anything.
has_line() { cut -d: -f1 "$2" 2>/dev/null | grep -qxF -- "$1"; }

# same_person: whether the account of that name is the one on record, and not one that others have made since.
same_person() { [ "$(getent passwd "$_name" | cut -d: -f3)" = "$(cat "$_was/uid")" ]; }

# expiry: the first day on which the account is refused, in days since 1970, as shadow(5) has it.
expiry() { getent shadow "$_name" | cut -d: -f8; }

# old_day, set_day: what it was by the record, and what it is to be by the roster; nothing for `never`. shadow's tools are given the number: of a
# date they take midnight here, which is the day before in UTC+13.
old_day() { cut -d: -f8 "$_was/shadow"; }
set_day() { [ "$_expires" = never ] || echo "$(($(date -u -d "$_expires" +%s) / 86400 + 1))"; }

# shut_by DAY: whether an account is refused by it today (pam_unix, check_shadow_expiry).
shut_by() { [ "${1:-99999}" -le "$(($(epoch) / 86400))" ]; }

# --- the record

# record_roster ID: what each account is now. The list comes last: without it there is nothing to undo.
record_roster() {
  [ -z "$(value factor_from "$RUN/data/manifest")" ] || enrolled_at "$(value factor "$RUN/data/manifest")" >"$CHANGES/$1/factors-there" || return 1
  [ -s "$RUN/data/roster" ] || return 0
  each_person "$RUN/data/roster" record_person "$1" && cp "$RUN/data/roster" "$CHANGES/$1/roster"
}

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

# belongings NAME: what else an account of that name has, or had.
belongings() {
  for _place in "/var/spool/cron/crontabs/$1" "/var/spool/cron/$1" "/var/lib/systemd/linger/$1" "/var/mail/$1" "/var/spool/mail/$1"; do
    [ ! -f "$_place" ] || printf '%s\n' "$_place"
  done
}

# at_jobs OWNER: what waits in atd's spool, by name or number.
at_jobs() {
  for _spool in /var/spool/cron/atjobs /var/spool/at; do
    [ ! -d "$_spool" ] || find "$_spool" -maxdepth 1 -type f -user "$1"
  done
}

# --- carrying it out

# apply_roster view|live [ID]: in a view nobody's session ends, no home moves, and nothing is written that is not covered.
apply_roster() {
  [ -s "$RUN/data/roster" ] || return 0
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

# linger_on: what runs for an account without a session does so again, as after a start of the host.
linger_on() {
  [ ! -e "/var/lib/systemd/linger/$_name" ] || systemctl --no-block start "user@$(cat "$_was/uid").service" 2>/dev/null 9>&- || true
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

# house_aside ID: where the home goes, on its own file system.
house_aside() { printf '%s/%s-%s\n' "${_archive:-${_dir%/*}/.bastionctl-homes}" "$_name" "$1"; }

# own_folder FOLDER: is there, root's, and closed to all others.
own_folder() {
  [ -e "$1" ] || [ -L "$1" ] || mkdir -m 0700 "$1" || return 1
  # Of the link itself, where it is one.
  [ "$(stat -c '%F %u %a' "$1")" = 'directory 0 700' ] || { echo "$1 is not a folder of root's alone"; return 1; }
}

# mounts FOLDER: what is mounted on it or below it: type|place.
mounts() {
  awk -v at="$(readlink -m "$1")" '$5 == at || index($5, at "/") == 1 { for (i = 7; $i != "-"; i++); print $(i + 1) "|" $5 }' /proc/self/mountinfo
}

# mounted FOLDER: what is deleted there may be everybody's. What people mount by themselves (fusermount) keeps nobody from anything.
mounted() { mounts "$1" | grep -qv '^fuse'; }

# own_mounts FOLDER: places there on which somebody has mounted something by themselves (fusermount), as mountinfo writes them.
own_mounts() { mounts "$1" | sed -n 's/^fuse[^|]*|//p'; }

let_go() { own_mounts "$1" | while IFS= read -r _mount; do umount -l "$(printf '%b' "$_mount")"; done; }

# processes NAME UID: the ids of what runs for the account: under its uid, really or in effect, and under its subordinate ones (subuid(5)).
# Containers of root's have numbers of their own, by their namespace of processes. Where somebody has made a namespace of users, as unshare(1) and
# podman do for anybody, what counts is the number that the host knows. What has ended and waits for its parent (a zombie) runs no more.
processes() {
  grep -sE '^(State|Uid):' /proc/[0-9]*/status | awk -F '[/:\t]+' -v name="$1" -v uid="$2" '
    BEGIN { while ((getline line <"/etc/subuid") > 0) if (split(line, lent, ":") == 3 && (lent[1] == name || lent[1] == uid)) { from[++some] = lent[2] + 0; to[some] = lent[2] + lent[3] } }
    function is_lent(id, i) { for (i = 1; i <= some; i++) if (id >= from[i] && id < to[i]) return 1; return 0 }
    $5 == "State" { ended = $6 ~ /^[ZX]/ }
    $5 == "State" || ended { next }
    $6 == uid || $7 == uid { print "/proc/" $3 "/ns/pid" }
    $6 == uid || $7 == uid || is_lent($6 + 0) || is_lent($7 + 0) { print "/proc/" $3 "/ns/user" }' |
    xargs -r stat -c %N -- 2>/dev/null | tr -d "'" |
    awk -v own="$(readlink /proc/1/ns/pid)" -v host="$(readlink /proc/1/ns/user)" '
      { split($1, at, "/") }
      (at[5] == "pid" && $3 == own) || (at[5] == "user" && $3 != host) { if (!seen[at[3]]++) print at[3] }'
}

# end_sessions NAME: nothing of the account runs any more, neither under its uid nor for it under another one (su, passwd). 1: what is in
# $_running cannot be ended.
end_sessions() {
  _number=$(id -u "$1") || return 0
  loginctl terminate-user "$1" 2>/dev/null
  systemctl kill -s KILL "user-$_number.slice" 2>/dev/null
  _tries=0
  while _running=$(processes "$1" "$_number") && [ -n "$_running" ]; do
    [ "$_tries" -lt 50 ] || return 1
    # shellcheck disable=SC2086 # numbers
    kill -KILL $_running 2>/dev/null
    sleep 0.1
    _tries=$((_tries + 1))
  done
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

# --- with the confirm

# settle_left: what a confirm that died has left; what withstands is said. Not before a roll back, which would find less to bring back.
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
  _was=$CHANGES/$1/people/$_name
  if [ "$_factor" = moved ]; then
    [ -e "$_was/gone" ] || ! same_person || leave_old_factor "$1"
    mark "$_was/gone"
    return 0
  fi
  # Locked: a login may have been under way when its sessions were ended.
  if [ "$_action:${_expires:+day}" = update:day ] && [ ! -e "$_was/gone" ]; then
    if same_person && shut_by "$(expiry)"; then end_sessions "$_name"; fi
    mark "$_was/gone"
    return 0
  fi
  [ "$_action" = remove ] || return 0
  _dir=$(cat "$_was/home")
  # Once: an account of that name and number may be somebody's, later.
  if [ ! -e "$_was/gone" ]; then
    if same_person && [ "$(expiry)" != 1 ]; then
      journal "$1" "account $_name was changed by somebody else, and is still there"
      echo "$PLAIN"
      _unsettled=1
      mark "$_was/gone"
      return 0
    fi
    if same_person; then
      delete_account || { echo "account $_name cannot log in, but is still there: $_said"; _unsettled=1; return 0; }
    fi
    # A death inside userdel leaves lines behind.
    has_line "$_name" /etc/passwd || forget_person || { _unsettled=1; return 0; }
    mark "$_was/gone" || { _unsettled=1; return 0; }
  fi
  [ "$_house" = purge ] || return 0
  _aside=$(house_aside "$1")
  [ ! -d "$_aside" ] || mv -T "$_aside" "$_aside.purge" || return 0
  if [ -d "$_aside.purge" ] && ! mounted "$_aside.purge"; then
    [ ! -e "$_was/purging" ] || echo "$_aside.purge is still there: its deletion has not come to an end"
    printf '' >"$_was/purging"
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
    has_line "$_name" /etc/passwd || return 0
    sleep 0.2
  done
  return 1
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

# given_keys ID OFFERS: account|fingerprint of what the change gave: it goes when the change is undone.
given_keys() {
  [ ! -s "$CHANGES/$1/roster" ] || each_person "$CHANGES/$1/roster" given_to "$1" "$2"
}

given_to() {
  case $_action in
  create) awk -F'|' -v OFS='|' -v name="$_name" '$1 == name { print $1, $2 }' "$2" ;;
  *) [ ! -f "$CHANGES/$1/people/$_name/list-keys" ] || prints "$CHANGES/$1/people/$_name/list-keys" | sed "s/^/$_name|/" ;;
  esac
}
