# shellcheck shell=sh
# One change at a time: the lock, the state of each change, and who holds what.
#   staged → armed → live → proven → confirmed | rolled-back | failed, and reverting on the way back

# lock SECONDS: descriptor 9 holds the lock until the program ends. Children close it (9>&-). 1: somebody has it; 2: there can be none.
lock() {
  LOCKED=
  for _try in 1 2 3 4 5; do
    # Again, where it was taken away meanwhile.
    open_lock || { _none=2; continue; }
    _none=1
    flock -w "$1" 9 || return
    # Whoever had it may have taken the file away: the lock is the one that is there.
    if lock_is_there; then
      LOCKED=yes
      [ -d "$CHANGES" ] || mkdir -p "$CHANGES" || return 2
      return 0
    fi
  done
  return "$_none"
}

# The sticky bit says that the folder was made here: who made it need not be who gets the lock.
open_lock() {
  [ -d "$STATE" ] || mkdir -m 1700 "$STATE" 2>/dev/null
  # Without -p, which would make a folder anew that goes just then. `command`, since a redirection that fails ends a shell that has it on a
  # special builtin.
  { [ -d "$CHANGES" ] || mkdir "$CHANGES" || [ -d "$CHANGES" ]; } 2>/dev/null && command exec 9>>"$STATE/lock"
}

# lock_as_it_is SECONDS: as `lock`, for a rehearsal, which makes none. 0 as well where there is none.
lock_as_it_is() {
  [ -e "$STATE/lock" ] || return 0
  if ! command exec 9<"$STATE/lock"; then
    # Taken away since, by a change that was none.
    [ ! -e "$STATE/lock" ] && return 0
    return 2
  fi
  flock -w "$1" 9 && LOCKED=yes
}

# The kernel's link leads to the file that is open, whatever its name is by now (proc(5)).
# shellcheck disable=SC3013 # POSIX.1-2024 has -ef, and dash and bash have had it long before
lock_is_there() { [ /proc/self/fd/9 -ef "$STATE/lock" ]; }

# leave_nothing: where nothing is on record, what `lock` has made goes again, here or in a program that did not get the lock; the lock, too,
# which is held and is none from then on. So nothing may be written after this. Whoever comes meanwhile is left the folder, and takes it away.
leave_nothing() {
  [ "${LOCKED-}" = yes ] && lock_is_there || return 0
  case $(stat -c %a "$STATE") in
  1*) rmdir "$CHANGES" 2>/dev/null || return 0 ;;
  *) return 0 ;;
  esac
  rm -f "$STATE/holder" "$STATE/holder.new" "$STATE/lock"
  rmdir "$STATE" 2>/dev/null || true
}

# lock_anyway SECONDS: for the way back, also where the state can only be read: what decides a login may lie elsewhere.
lock_anyway() {
  lock "$1"
  case $? in
  0) ;;
  2) command exec 9<"$STATE/lock" && flock -w "$1" 9 ;;
  *) return 1 ;;
  esac
}

# lock_users: units of on-host programs that hold the lock or wait for it.
lock_users() {
  # Not descriptor 9 alone: a shell moves it away while it runs a command that is not to have it.
  find /proc/[0-9]*/fd -lname "$STATE/lock" 2>/dev/null | while read -r _fd; do
    sed -n 's|.*/\(bastionctl-run-[^/]*\.service\).*|\1|p' "${_fd%/fd/*}/cgroup"
  done 2>/dev/null | sort -u
}

holder_is() {
  clock
  printf 'who=%s\nsince=%s\nunit=%s\nid=%s\n' "$1" "$NOW" "$2" "$3" >"$STATE/holder.new" &&
    mv -f "$STATE/holder.new" "$STATE/holder"
}

# holder_works: whether it is the one on record who holds the lock. A rehearsal writes nothing, its own name included, and nor does a guard.
holder_works() {
  _unit=$(value unit "$STATE/holder" 2>/dev/null) || return 1
  # A service that runs once is `activating` all the time.
  case $(systemctl show -p ActiveState "$_unit" 2>/dev/null) in
  *=active | *=activating) return 0 ;;
  *) return 1 ;;
  esac
}

state_of() {
  if [ -r "$CHANGES/$1/state" ]; then
    if valued state "$CHANGES/$1/state"; then printf '%s\n' "$VALUE"; else echo unknown; fi
  else
    echo none
  fi
}

# set_state ID STATE [REASON]: atomic and synced; the deadline is carried over.
set_state() {
  valued deadline "$CHANGES/$1/state" 2>/dev/null || VALUE=0
  _deadline=$VALUE
  valued deadline_uptime "$CHANGES/$1/state" 2>/dev/null || VALUE=0
  _uptime=$VALUE
  plainly "${3-}"
  write_state "$1" "$2" "$_deadline" "$_uptime" "$PLAIN" && journal "$1" "state $2 ${3-}"
}

# write_state ID STATE DEADLINE DEADLINE-IN-UPTIME REASON
write_state() {
  clock
  write_text "$CHANGES/$1/state" "state=$2
at=$NOW
deadline=$3
deadline_uptime=$4
reason=$5"
}

# set_deadline ID SECONDS: and what takes the state's place in a roll back on a full disk, which can rename and no more.
set_deadline() {
  clock
  write_state "$1" "$(state_of "$1")" "$((NOW + $2))" "$(($(uptime_s) + $2))" '' &&
    sed 's/^state=.*/state=reverting/; s/^reason=.*/reason=not on record: the disk was full/' "$CHANGES/$1/state" >"$CHANGES/$1/state-reverting"
}

deadline_of() { value deadline "$CHANGES/$1/state" || echo 0; }

# Unconfirmed and touched, or about to be: what a boot, a deadline or a roll back has to undo. So is what cannot be read, as long as there is
# a guard for it: a confirm puts that away.
is_open() {
  case $(state_of "$1") in
  armed | live | proven | reverting | failed) return 0 ;;
  unknown) [ -d "$UNITS/bastionctl-guard@$1.timer.d" ] ;;
  *) return 1 ;;
  esac
}

# changes_newest_first: by when they were armed. A name has the time of its plan, which may have waited while others were carried out.
changes_newest_first() {
  for _change in "$CHANGES"/*/state; do
    [ -e "$_change" ] || continue
    _change=${_change%/state}
    read -r _nth <"$_change/nth" || _nth=0
    printf '%s %s\n' "$_nth" "${_change##*/}"
  done 2>/dev/null | sort -k1,1nr -k2,2r | cut -d' ' -f2
}

# next_nth: how many there have been, and this one.
next_nth() {
  _most=0
  for _change in "$CHANGES"/*/nth; do
    read -r _nth <"$_change" || _nth=0
    [ "$_nth" -le "$_most" ] || _most=$_nth
  done 2>/dev/null
  printf '%s\n' "$((_most + 1))"
}

open_change() {
  changes_newest_first | while read -r _id; do
    if is_open "$_id"; then
      printf '%s\n' "$_id"
      break
    fi
  done
}

# sunset_base: the newest confirmed change that has set a date for the end of first login.
sunset_base() {
  for _id in $(changes_newest_first); do
    if [ -r "$CHANGES/$_id/sunset/sunset.sh" ] && [ "$(state_of "$_id")" = confirmed ]; then
      printf '%s\n' "$_id"
      return 0
    fi
  done
  return 1
}

# The journal is for people after the fact; losing a line must never stop a revert.
journal() {
  _journal=$CHANGES/$1/journal
  shift
  clock
  plainly "$*"
  { printf '%s %s\n' "$STAMP" "$PLAIN" >>"$_journal"; } 2>/dev/null || true
}
