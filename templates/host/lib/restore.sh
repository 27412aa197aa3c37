# shellcheck shell=sh
# Putting the old files back and showing that the old state stands. Every step may be repeated: a crash in the middle is
# followed by another try, by the timer or at the next boot.

# restore_files ID: newest edit first. A file that is neither our old nor our new one is kept aside and named.
restore_files() {
  _id=$1 _bad=0
  _stash=$STASH/$_id
  while IFS='|' read -r _n _path _action _fmode _owner _group _before _after <&4; do
    rm -f "$_path.bastionctl-new"
    _now=$(digest "$_path")
    [ "$_now" = "$_before" ] && { [ "$_before" = absent ] || rm -f "$_stash/$_n"; continue; }
    if [ "$_now" != "$_after" ] && [ "$_now" != absent ]; then
      keep_aside "$_id" "$_path"
    fi
    if [ "$_before" = absent ]; then
      rm -f "$_path" || _bad=1
    elif [ "$(digest "$_stash/$_n")" = "$_before" ]; then
      mv -fT "$_stash/$_n" "$_path" || _bad=1
    else
      put_back_copy "$CHANGES/$_id/before$_path" "$_path" || _bad=1
    fi
    sync "${_path%/*}"
    [ "$(digest "$_path")" = "$_before" ] || _bad=1
  done 4<"$CHANGES/$_id/files.reverse"
  if [ "$_bad" = 1 ]; then
    journal "$_id" 'cannot restore yet'
    return 1
  fi
}

put_back_copy() {
  cp -p --preserve=all "$1" "$2.bastionctl-new" && sync "$2.bastionctl-new" && mv -fT "$2.bastionctl-new" "$2"
}

keep_aside() {
  mkdir -p "$CHANGES/$1/aside" && cp -p "$2" "$CHANGES/$1/aside/$(printf '%s' "$2" | tr / _)" &&
    printf '%s\n' "$2" >>"$CHANGES/$1/aside/names"
  journal "$1" "kept aside, changed by somebody else: $2"
}

# revert ID WHY: files, sshd, accounts. 1: try again later.
revert() {
  journal "$1" "roll-back begins: $2"
  # A full disk must not stop this: the state line is worth less than the files.
  set_state "$1" reverting "$2" 2>/dev/null || true
  printf '%s\n' "$2" >"$CHANGES/$1/why" 2>/dev/null || true
  restore_files "$1" || return 1
  [ -d /run/sshd ] || [ "$(sshd_unit)" != ssh.service ] || mkdir -m 0755 /run/sshd
  _said=$(reload_sshd) || { journal "$1" "sshd: $_said"; return 1; }
  remove_probes "$1"
  if [ -s "$CHANGES/$1/strays" ]; then
    while read -r _stray; do
      case $_stray in
      */bctl-*) rm -f "$_stray" ;;
      *) ;;
      esac
    done <"$CHANGES/$1/strays"
  fi
  return 0
}

# finish ID: the old state is proven by a new connection, then the guard's own traces go.
finish() {
  _where=$(sshd_target "$ARGS")
  _why=$(cat "$CHANGES/$1/why" 2>/dev/null)
  if answers "${_where% *}" "${_where#* }" && "$(sshd_binary)" -t 2>/dev/null; then
    set_state "$1" rolled-back "$_why" || return 1
    disarm "$1"
    return 0
  fi
  set_state "$1" failed 'restored, but sshd does not answer'
  return 3
}

# forget ID: a change that was never armed leaves no record.
forget() {
  disarm "$1"
  rm -rf "${CHANGES:?}/$1"
}

# settled ID: nothing is left to undo; a change that died before it was armed never was one.
settled() {
  if [ "$(state_of "$1")" = staged ]; then forget "$1"; else disarm "$1"; fi
}

# disarm ID: timer, boot units, stash and this change's copy of the guard; the record stays.
disarm() {
  rm -f "$UNITS/timers.target.wants/bastionctl-guard@$1.timer" \
    "$UNITS/sysinit.target.wants/bastionctl-boot-restore@$1.service" \
    "$UNITS/multi-user.target.wants/bastionctl-boot-prove@$1.service"
  rm -rf "$UNITS/bastionctl-guard@$1.timer.d" "${STASH:?}/$1"
  rmdir "$STASH" 2>/dev/null || true
  systemctl stop "bastionctl-guard@$1.timer" 2>/dev/null
  rm -f "$UNITS/bastionctl-guard@.service" "$UNITS/bastionctl-guard@.timer" \
    "$UNITS/bastionctl-boot-restore@.service" "$UNITS/bastionctl-boot-prove@.service"
  rm -rf "${LIBEXEC:?}/$1"
  rmdir "$LIBEXEC" 2>/dev/null || true
  [ ! -e "$CHANGES/$1/made" ] || while read -r _folder; do
    case $_folder in
    "$UNITS"/*.wants | /usr/local/libexec) rmdir "$_folder" 2>/dev/null ;;
    *) ;;
    esac
  done <"$CHANGES/$1/made"
  systemctl daemon-reload 2>/dev/null
  return 0
}
