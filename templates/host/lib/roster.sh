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

# linger_on: what runs for an account without a session does so again, as after a start of the host.
linger_on() {
  [ ! -e "/var/lib/systemd/linger/$_name" ] || systemctl --no-block start "user@$(cat "$_was/uid").service" 2>/dev/null 9>&- || true
}

# house_aside ID: where the home goes, on its own file system.
house_aside() { printf '%s/%s-%s\n' "${_archive:-${_dir%/*}/.bastionctl-homes}" "$_name" "$1"; }

# mounts FOLDER: what is mounted on it or below it: type|place. What root has mounted by FUSE (s3fs, glusterfs) says so in its options (fuse(4)).
mounts() {
  awk -v at="$(readlink -m "$1")" '$5 == at || index($5, at "/") == 1 { for (i = 7; $i != "-"; i++); print ($NF ~ /(^|,)user_id=0(,|$)/ ? "root." : "") $(i + 1) "|" $5 }' /proc/self/mountinfo
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

# --- what withstands

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
    [ -e "$_was/gone" ] || ! same_person || leave_old_factor "$1" || { _unsettled=1; return 0; }
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
