# shellcheck shell=sh
# install → rehearse → arm → commit → reload → prove, on this host alone, under its lock. Sourced by main.sh.
# shellcheck disable=SC1091
for lib in arm restore accounts packages people sshd-reads drift databases keys factors roster login; do . "$RUN/lib/$lib.sh"; done
# What only some changes need is not sent with the others.
for lib in roster-apply roster-accounts roster-check keys-edit seal sunset; do [ ! -e "$RUN/lib/$lib.sh" ] || . "$RUN/lib/$lib.sh"; done
MANIFEST=$RUN/data/manifest
wanted() { value "$1" "$MANIFEST"; }
# shellcheck disable=SC1090
. "$RUN/lib/factor-$(wanted method).sh"
# shellcheck disable=SC1090
. "$RUN/lib/fitness-$(wanted method).sh"
change_id=$(wanted id)
until=$(wanted until)

# busy WHO SINCE REASON DETAIL: somebody holds the lock, or a change waits for its confirm (G7).
busy() {
  extra holder "$1"
  extra since "$2"
  answer busy "$3" "$4"
}

# take_lock: for as long as this program runs.
take_lock() {
  # A second is as long as one takes that looks who is at work.
  if [ "$until" = rehearse ]; then lock_as_it_is 1; else lock 1; fi
  case $? in
  0) ;;
  1)
    who=$(value who "$STATE/holder" 2>/dev/null) since=$(value since "$STATE/holder" 2>/dev/null)
    if ! holder_works; then
      busy somebody "$(epoch)" locked 'somebody rehearses a change on this host, or a guard takes one back'
    fi
    busy "$who" "$since" locked "$who is at work on this host since $(date -u -d "@${since:-0}" +%H:%M:%SZ)"
    ;;
  *) answer refused state-folder "$STATE cannot be written" ;;
  esac
}

refuse_pending() {
  pending=$(open_change)
  [ -n "$pending" ] || return 0
  who=$(value who "$CHANGES/$pending/manifest") since=$(value at "$CHANGES/$pending/state")
  extra change "$pending"
  busy "$who" "$since" pending "change $pending by $who waits for its confirm until $(date -u -d "@$(deadline_of "$pending")" +%H:%M:%SZ)"
}

refuse_replay() { [ ! -e "$CHANGES/$change_id/state" ] || answer refused replayed "change $change_id has been here already"; }

refuse_clocks() {
  clock
  if [ "$NOW" -gt "$(wanted not_after)" ]; then
    answer refused too-late "the command is older than it may be by this host's clock: not run"
  fi
  if [ "$NOW" -lt $(($(wanted operator_time) - 30)) ]; then
    answer refused clock-skew "this host's clock is $(($(wanted operator_time) - NOW)) s behind the operator's: codes would be refused"
  fi
}

# expand_rows: a row of expectations may be for several accounts.
expand_rows() {
  awk -F'|' -v OFS='|' '{ n = split($1, name, ","); for (i = 1; i <= n; i++) { $1 = name[i]; print } }' "$RUN/data/expect" >"$RUN/expect" &&
    mv "$RUN/expect" "$RUN/data/expect"
}

# check_reads: what the change was computed from is as it was (G5).
check_reads() {
  rm -rf "$RUN/reads" && mkdir "$RUN/reads" || return 1
  sshd_version >"$RUN/openssh"
  what_was_read <"$RUN/data/reads" | digests >"$RUN/reads-now"
  # In the same order, one for one.
  moved=$(awk -F'|' '
    FILENAME == ARGV[1] { has[FNR] = $2; next }
    has[FNR] != $3 { print $1, $2; exit }' "$RUN/reads-now" "$RUN/data/reads")
  if [ -n "$moved" ]; then
    plain "$moved" >"$RUN/moved"
    return 1
  fi
  newly_enrolled
}

# what_was_read <reads: for each the path of what it is now: the file itself, or a text that stands for it.
what_was_read() {
  at=$RUN/reads/0
  while IFS='|' read -r kind name _; do
    at=${at%/*}/$((${at##*/} + 1))
    case $kind in
    file)
      printf '%s\n' "$name"
      continue
      ;;
    folder) for conf in "$name"/*.conf; do [ ! -f "$conf" ] || printf '%s\n' "$conf"; done | digests "$at-list" | sed 's/\(.*\)|/\1 /' >"$at" ;;
    account)
      has=$(getent passwd "$name") && has=${has#*:*:} && printf '%s' "${has%%:*}" >"$at"
      ;;
    group) ! getent group "$name" >/dev/null || printf '%s' "$name" >"$at" ;;
    people) login_accounts | cut -d'|' -f1 | sort >"$at" ;;
    sshd)
      case $name in
      version) read -r openssh <"$RUN/openssh"; printf '%s' "$openssh" >"$at" ;;
      args) printf '%s' "$(paste -sd ' ' "$RUN/sshd-args")" >"$at" ;;
      *) echo unknown >"$at" ;;
      esac
      ;;
    *) echo unknown >"$at" ;;
    esac
    printf '%s\n' "$at"
  done
}

stale() { answer stale moved "$(cat "$RUN/moved") has moved since the plan was made"; }

rehearse() {
  room || return 11
  if [ "$until" = rehearse ] && [ -e "$RUN/lib/seal.sh" ]; then make_up_secrets || return 12; fi
  [ ! -s "$RUN/data/roster" ] || check_roster >"$RUN/why" || return 11
  # Before the logins, which say less of what is wrong.
  ! sshd_refuses "$RUN/sshd-args" || { plain "sshd -t refuses the present files: $PLAIN" >"$RUN/why"; return 10; }
  # Side by side: one asks the listener, the other never does.
  # Both take the client's settings and what sshd says of root from there.
  client_config >"$RUN/ssh_config"
  ID=$change_id live_logins before &
  before=$!
  unshare -m --propagation private sh "$RUN/rehearse.sh" "$RUN" 9>&-
  rehearsed=$?
  wait "$before" || { cat "$RUN/why-before" >"$RUN/why"; return 10; }
  return "$rehearsed"
}

# room: a full disk is found before anything is written. The factor's file is rewritten at each login, so homes count.
room() {
  {
    printf '%s\n' /etc /var/lib "$STATE"
    awk -F'|' '$3 !~ /^@/ && !seen[$3]++ { print $3 }' "$RUN/data/cases" | xargs -r -d '\n' getent passwd -- | cut -d: -f6
  } | while IFS= read -r folder; do [ ! -d "$folder" ] || printf '%s\n' "$folder"; done |
    xargs -d '\n' df -k --output=avail,iavail,itotal,file -- | awk "$no_room" >"$RUN/why"
}

# say_offers: what a dry run asks for: how many keys sshd was offered, how many it accepts today and would accept afterwards, and which are lost.
say_offers() {
  if [ "$until" != rehearse ] || [ ! -e "$RUN/offers-lost" ]; then return 0; fi
  extra offers "$(wc -l <"$RUN/keys" | tr -d ' ') $(grep -c '|accepted$' "$RUN/offers-present") $(grep -c '|accepted$' "$RUN/offers-staged")"
  # A listing shows 2,500 characters in all: the first ten of the one, five of the other.
  printf 'lost=%s\n' "$(head -n 10 "$RUN/offers-lost" | tr '|\n' ' ,')" >>"$RUN/extra"
  extra keyless "$(head -n 10 "$RUN/keyless" | paste -sd ,)"
  printf 'unaccepted=%s\n' "$(sed -n 's/|refused$//p' "$RUN/offers-present" | head -n 5 | tr '|\n' ' ,')" >>"$RUN/extra"
}

# arm_change ID SECONDS: the guard first, then what it would need; a death in between is swept up by the guard.
arm_change() {
  stage_change "$1" "$2" && arm "$1" "$2" && make_places "$1" && record "$1" && record_roster "$1" && { [ ! -d "$RUN/data/sunset" ] || keep_sunset "$1"; } && stash "$1" && sync -f "$STATE" "$STASH" && set_state "$1" armed
}

# undo REASON: the guard's own way back, under the lock that this program holds.
undo() {
  why=$DETAIL
  if step roll-back sh "$LIBEXEC/$ID/guard.sh" roll-back "$ID" "the failed step" "$RUN"; then
    step roll-back live_logins old || answer stuck "$1" "$why; $DETAIL"
    lost=$(lost "$ID")
    [ -z "$lost" ] || answer rolled-back incomplete "$lost; $why"
    answer rolled-back "$1" "$why"
  fi
  retry_soon "$ID"
  answer stuck "$1" "$why; $DETAIL"
}

# begin: nobody else is at work or has a change waiting here, this one has not been here before, and the clocks agree.
begin() {
  take_lock
  refuse_pending
  refuse_replay
  if [ "$until" != rehearse ]; then
    holder_is "$(wanted who)" "$UNIT" "$change_id" 2>/dev/null
    sweep
    settle_left >>"$RUN/remark"
  fi
  refuse_clocks
}

# look: what decides logins here now, for all that follows.
look() {
  expand_rows
  ask_anew "$RUN/sshd-today"
  sshd_args "$RUN/sshd-args"
  [ -z "$(wanted base)" ] || as_left
  check_reads || stale
  login_accounts >"$RUN/people"
  collect_keys "$RUN/people" "$RUN/keys"
  [ -z "$(wanted base)" ] || prepare_sunset
}

# try_out: ends the program where that was all that was asked for.
try_out() {
  [ "$until" = rehearse ] || step install install_packages || answer refused package "$DETAIL"
  step rehearse rehearse || { say_offers; answer refused rehearsal "$DETAIL"; }
  [ "$until" != rehearse ] || { say_offers; answer rehearsed; }
  ask_anew
}

# arm_or_refuse: from here on the guard brings the old state back, whatever becomes of this program.
arm_or_refuse() {
  ID=$change_id
  if ! step arm arm_change "$ID" "$(wanted deadline)"; then
    why=$DETAIL
    forget "$ID"
    answer refused arm "${why:-the guard could not be armed}"
  fi
  journal "$ID" "$(wanted who): $(wanted summary)"
  check_reads || { forget "$ID"; stale; }
}

put_in_force() {
  [ ! -s "$RUN/data/roster" ] || step commit move_factors "$ID" || undo commit
  step commit commit "$ID" || undo commit
  [ ! -s "$RUN/data/roster" ] || step commit apply_roster live "$ID" || undo commit
  set_state "$ID" live || undo commit
  # People alone are no reason to make sshd read anything anew.
  if cut -d'|' -f1 "$RUN/data/files" | for_sshd; then step reload reload_sshd || undo reload; fi
}

prove() {
  step prove live_logins after || undo proof
  step prove remove_probes "$ID" || undo proof
  [ ! -s "$CHANGES/$ID/roster" ] || { printf '' >"$CHANGES/$ID/roster.made"; } || undo proof
  set_state "$ID" proven || undo proof
}

# First of all: the key of what is sealed is used up whatever becomes of the change.
[ ! -d "$RUN/data/sealed" ] || open_sealed "$change_id" || answer refused sealing 'what was sealed for this host cannot be opened: has it been restarted since?'
begin
look
try_out
arm_or_refuse
put_in_force
prove
extra deadline "$(deadline_of "$ID")"
extra change "$ID"
[ ! -s "$RUN/remark" ] || extra remark "$(paste -sd ';' "$RUN/remark")"
answer proven
