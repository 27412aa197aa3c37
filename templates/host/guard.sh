# shellcheck shell=sh
# The way back. Copied with each change to a folder of its own, so that a later version cannot break an older revert.
# usage: guard.sh deadline|boot-restore|boot-prove|roll-back ID [WHO FOLDER]
#   deadline      the timer: revert unless confirmed or extended meanwhile
#   boot-restore  before sshd starts: files, and factors that have moved; a reload here would hang
#   boot-prove    after sshd is up: prove the old state and finish
#   roll-back     asked for; the caller holds the lock, and has a FOLDER below /run to work in
# exit 0 rolled back, or nothing to do · 1 cannot restore yet (tried again) · 3 restored, but the old state does not prove
HERE=${0%/*}
# shellcheck disable=SC1091
for lib in env files state sshd accounts restore databases keys factors roster; do . "$HERE/lib/$lib.sh"; done
# Only what undoes people has these.
for lib in keys-edit roster-undo roster-accounts-undo; do [ ! -e "$HERE/lib/$lib.sh" ] || . "$HERE/lib/$lib.sh"; done
verb=$1 id=$2 who=${3-guard} RUN=${4-}
ARGS=$CHANGES/$id/sshd-args

# begun WHY: the reason of the roll back that has begun, or WHY where none has.
begun() { cat "$CHANGES/$id/why" 2>/dev/null || printf '%s\n' "$1"; }

# make_run: what is only needed on the way lies below /run: a full disk is no reason to leave people as they are, and a full /run
# is none to leave files. So the folder is no RuntimeDirectory=, without which systemd would not start this; what one that was killed has left
# goes with the next try, or with the change (disarm).
make_run() {
  [ ! -d "$RUN" ] || return 0
  RUN=/run/bastionctl-guard-$id
  trap 'rm -rf "/run/bastionctl-guard-$id"' EXIT
  { rm -rf "$RUN" && mkdir -m 0700 "$RUN" && echo room >"$RUN/room"; } 2>/dev/null || RUN=$CHANGES/$id
}

# back WHY: under the lock.
back() {
  make_run
  revert "$id" "$1" && finish "$id"
}

# The program that works on this change may hang with the lock in its hand: its unit is stopped whole, and the kernel lets go of
# the lock. Who holds it is on record; where the record cannot be right, everybody who has the lock open is stopped.
take_lock() {
  lock_anyway 2 && return 0
  if is_open "$id" || [ "$(value id "$STATE/holder" 2>/dev/null)" = "$id" ]; then
    stop_unit "$(value unit "$STATE/holder" 2>/dev/null)"
    lock_anyway 3 && return 0
    for unit in $(lock_users); do stop_unit "$unit"; done
  fi
  lock_anyway 20
}

stop_unit() {
  case $1 in
  bastionctl-run-*) systemctl kill -s KILL "$1" 2>/dev/null ;;
  *) ;;
  esac
}

case $verb in
deadline)
  take_lock || exit 1
  is_open "$id" || { put_away "$id"; exit 0; }
  # Extended while this waited for the lock: the timer that was set anew fires again. The clock since boot decides too,
  # since wall clocks get set. A roll back that has begun waits for no deadline.
  why='no confirm before the deadline'
  case $(state_of "$id") in
  reverting | failed) why=$(begun "$(value reason "$CHANGES/$id/state")") ;;
  *)
    if [ "$(epoch)" -lt "$(deadline_of "$id")" ] && [ "$(uptime_s)" -lt "$(value deadline_uptime "$CHANGES/$id/state")" ]; then
      exit 0
    fi
    ;;
  esac
  back "$why"
  ;;
boot-restore)
  is_open "$id" || exit 0
  restore_files "$id" && set_state "$id" reverting 'restarted before it was confirmed' || exit 1
  # Behind the files, since homes may hang: PAM looks at the old place from its first login on. What cannot be yet is done by boot-prove.
  make_run
  return_factors "$id"
  ;;
boot-prove)
  take_lock || exit 1
  is_open "$id" || { put_away "$id"; exit 0; }
  back "$(begun 'the host restarted before the confirm')"
  ;;
roll-back)
  back "asked for by $who"
  ;;
*) exit 64 ;;
esac
