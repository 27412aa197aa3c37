# shellcheck shell=sh
# Putting the old files back and showing that the old state stands. Every step may be repeated: a crash in the middle is
# followed by another try, by the timer or at the next boot.

# restore_files ID [reload]: newest edit first, as far as it goes: what is left then is a state that the change went through, too. A file
# that is neither our old nor our new one is kept aside and named. With `reload`, sshd reads its own files anew before the ones behind
# them go back: an sshd that cannot goes on with the PAM stack that it demands.
restore_files() {
  _id=$1 _sshd='' _later=0
  _stash=$STASH/$_id
  if [ ! -r "$CHANGES/$_id/files.reverse" ]; then
    journal "$_id" 'cannot restore yet: the list of files cannot be read'
    return 1
  fi
  while IFS='|' read -r _n _path _action _fmode _owner _group _before _after <&4; do
    case $_path in
    /etc/ssh/*) _sshd=old ;;
    *)
      if [ "${2-}:$_sshd" = reload:old ]; then
        reread "$_id" || return 1
        _sshd=reloaded
      fi
      ;;
    esac
    rm -f "$_path.bastionctl-new"
    _now=$(digest "$_path")
    [ "$_now" = "$_before" ] && { [ "$_before" = absent ] || rm -f "$_stash/$_n"; continue; }
    if [ "$_now" != "$_after" ] && [ "$_now" != absent ]; then
      keep_aside "$_id" "$_path"
    fi
    if [ "$_before" = absent ]; then
      rm -f "$_path"
    elif [ "$(digest "$_stash/$_n")" = "$_before" ]; then
      mv -fT "$_stash/$_n" "$_path"
    else
      put_back_copy "$CHANGES/$_id/before$_path" "$_path" "$_before"
    fi
    sync "${_path%/*}"
    if [ "$(digest "$_path")" != "$_before" ]; then
      journal "$_id" "cannot restore yet: $_path"
      case $_path in
      /etc/*) return 1 ;;
      # No login hangs on it, and files that some hang on may come after it.
      *) _later=1 ;;
      esac
    fi
  done 4<"$CHANGES/$_id/files.reverse"
  follow_timer "$_id" "${2:-boot}"
  # People alone are no reason for sshd to read anything anew, and an sshd that cannot is none to leave them as they are.
  if [ "${2-}" = reload ] && [ "$_sshd" != reloaded ] && cut -d'|' -f2 "$CHANGES/$_id/files.reverse" | for_sshd; then
    reread "$_id" || return 1
  fi
  return "$_later"
}

# follow_timer ID [boot]: systemd goes by the timer's file, where the change is about it. At a boot there is nobody yet to be told.
follow_timer() {
  grep -qsF "|$UNITS/$SUNSET.timer|" "$CHANGES/$1/files" || return 0
  _wants=$UNITS/timers.target.wants
  if [ -e "$UNITS/$SUNSET.timer" ]; then
    mkdir -p "$_wants" && ln -sf "$UNITS/$SUNSET.timer" "$_wants/$SUNSET.timer" && sync "$_wants"
    [ "${2-}" = boot ] || { systemctl daemon-reload 9>&- && systemctl restart "$SUNSET.timer" 9>&-; }
  else
    rm -f "$_wants/$SUNSET.timer"
    # A change has made the folder, and nothing else is in it.
    ! grep -qsxF "$_wants" "$CHANGES"/*/made || rmdir "$_wants" 2>/dev/null
    [ "${2-}" = boot ] || {
      systemctl stop "$SUNSET.timer" 2>/dev/null
      rm -f "/var/lib/systemd/timers/stamp-$SUNSET.timer"
      forget_units
      systemctl reset-failed "$SUNSET.*" 2>/dev/null || true
    }
  fi
}

# forget_units: systemd looks what unit files there are. A run of the date does it at its end: a service whose file is gone would leave
# its folder below /run when it is killed.
forget_units() {
  [ "${UNIT-}" = "$SUNSET" ] || systemctl daemon-reload 9>&- 2>/dev/null
}

# reread ID: sshd with the files as they are now.
reread() {
  [ -d /run/sshd ] || [ "$(sshd_unit)" != ssh.service ] || mkdir -m 0755 /run/sshd
  _said=$(reload_sshd) && return 0
  journal "$1" "sshd: $_said"
  return 1
}

# put_back_copy COPY TARGET DIGEST [TEMP]: a copy that is damaged itself takes nobody's place.
put_back_copy() {
  _temp=${4:-$2.bastionctl-new}
  if cp -p --preserve=all "$1" "$_temp" && sync "$_temp" && [ "$(digest "$_temp")" = "$3" ]; then
    mv -fT "$_temp" "$2"
    return
  fi
  rm -f "$_temp"
  return 1
}

# keep_aside ID PATH: a copy with the change's record; where there is no room for one, a second name beside the file, which needs no block.
keep_aside() {
  _aside=$CHANGES/$1/aside/$(printf '%s' "$2" | tr / _)
  if ! mkdir -p "${_aside%/*}" || ! cp -p "$2" "$_aside" || [ "$(digest "$_aside")" != "$(digest "$2")" ]; then
    rm -f "$_aside"
    _aside=$2.bastionctl-aside
    rm -f "$_aside" && ln "$2" "$_aside" || _aside='nowhere: no room'
  fi
  note_kept "$1" "$2" "$_aside"
}

# note_kept ID PATH PLACE: once.
note_kept() {
  ! grep -qsxF "$2|$3" "$CHANGES/$1/kept" || return 0
  journal "$1" "changed by somebody else: $2, kept as $3"
  { printf '%s|%s\n' "$2" "$3" >>"$CHANGES/$1/kept"; } 2>/dev/null || true
}

# kept ID: what was kept aside, in a sentence; nothing when nothing was.
kept() {
  [ ! -s "$CHANGES/$1/kept" ] || awk -F'|' -v record="$CHANGES/$1/aside" '
    index($2, record "/") == 1 { inside = inside (inside == "" ? "" : ", ") $1; next }
    { beside = beside (beside == "" ? "" : ", ") $1 " as " $2 }
    END { print "changed by somebody else and kept: " beside (beside == "" || inside == "" ? "" : "; ") (inside == "" ? "" : inside " in " record) }' "$CHANGES/$1/kept"
}

# note_lost ID WHAT: what is not put back, once.
note_lost() {
  ! grep -qsxF -- "$2" "$CHANGES/$1/lost" || return 0
  journal "$1" "not put back: $2"
  { printf '%s\n' "$2" >>"$CHANGES/$1/lost"; } 2>/dev/null || true
}

# lost ID: what was not put back, in a sentence; nothing when all was.
lost() { [ ! -s "$CHANGES/$1/lost" ] || echo "not put back: $(paste -sd, "$CHANGES/$1/lost" | sed 's/,/, /g')"; }

# revert ID WHY: files, sshd, accounts. 1: try again later.
revert() {
  journal "$1" "roll-back begins: $2"
  # A full disk must not stop this: the state line is worth less than the files.
  set_state "$1" reverting "$2" 2>/dev/null || mv -fT "$CHANGES/$1/state-reverting" "$CHANGES/$1/state" 2>/dev/null || true
  write_text "$CHANGES/$1/why" "$2" 2>/dev/null || true
  return_factors "$1"
  restore_files "$1" reload || return 1
  { [ ! -s "$CHANGES/$1/roster" ] || undo_roster "$1"; } && leave_new_place "$1" || return 1
  _said=$(remove_probes "$1") || { journal "$1" "$_said"; return 1; }
  unmake_folders "$1"
}

# unmake_folders ID: folders that were made for the change's files, where nothing else is in them.
unmake_folders() {
  [ ! -e "$CHANGES/$1/made-for-files" ] || sort -r "$CHANGES/$1/made-for-files" | while read -r _folder; do
    rmdir "$_folder" 2>/dev/null
  done
  return 0
}

# finish ID: the old state is proven by a new connection, then the guard's own traces go.
finish() {
  _where=$(sshd_target "$ARGS")
  _why=$(cat "$CHANGES/$1/why" 2>/dev/null)
  for _say in lost kept; do
    _said=$("$_say" "$1")
    [ -z "$_said" ] || _why="$_why; $_said"
  done
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
  # No state first: an open change without a guard would stay for good.
  rm -f "$CHANGES/$1/state"
  sync "$CHANGES/$1"
  disarm "$1"
  unmake_folders "$1"
  rm -rf "${CHANGES:?}/$1"
}

# put_away ID: nothing is left to undo; a change that died before it was armed never was one.
put_away() {
  case $(state_of "$1") in
  staged | none) forget "$1" ;;
  *) disarm "$1" ;;
  esac
}

# disarm ID: timer, boot units, stash and this change's copy of the guard; the record stays. The timer goes late: where this
# dies half-way, the timer comes again, or the next boot, or the next change (sweep).
disarm() {
  _gone=$1
  # What a program that died was about to rename, in the record and beside the change's files.
  set -- "$CHANGES/$_gone"/*.new
  [ ! -r "$CHANGES/$_gone/files" ] || while IFS='|' read -r _ _path _; do
    set -- "$@" "$_path.bastionctl-new"
  done <"$CHANGES/$_gone/files"
  rm -f "$@"
  rm -rf "$UNITS/sysinit.target.wants/bastionctl-boot-restore@$_gone.service" \
    "$UNITS/multi-user.target.wants/bastionctl-boot-prove@$_gone.service" "${STASH:?}/$_gone"
  rmdir "$STASH" 2>/dev/null || true
  systemctl stop "bastionctl-guard@$_gone.timer" 2>/dev/null
  rm -rf "$UNITS/timers.target.wants/bastionctl-guard@$_gone.timer" "$UNITS/bastionctl-guard@$_gone.timer.d"
  set -- "${LIBEXEC:?}/$_gone" "/run/bastionctl-guard-$_gone"
  # The templates serve every change: one that is armed needs them.
  any_armed || set -- "$UNITS/bastionctl-guard@.service" "$UNITS/bastionctl-guard@.timer" \
    "$UNITS/bastionctl-boot-restore@.service" "$UNITS/bastionctl-boot-prove@.service" "$@"
  rm -rf "$@"
  rmdir "$LIBEXEC" 2>/dev/null || true
  [ ! -e "$CHANGES/$_gone/made" ] || while read -r _folder; do
    case $_folder in
    "$UNITS"/*.wants | /usr/local/libexec) rmdir "$_folder" 2>/dev/null ;;
    *) ;;
    esac
  done <"$CHANGES/$_gone/made"
  # Only where systemd has something of it left: running all generators is what takes the time here.
  [ -n "$(systemctl list-units --all --plain --no-legend "bastionctl-*@$_gone.*" 2>/dev/null)" ] || return 0
  forget_units
  systemctl reset-failed "bastionctl-*@$_gone.*" 2>/dev/null || true
}

any_armed() {
  for _armed in "$UNITS"/bastionctl-guard@*.timer.d; do
    [ ! -d "$_armed" ] || return 0
  done
  return 1
}

# sweep [ID]: what was left by a program that died before its guard was armed, or while its guard was put away. ID is in good hands.
sweep() {
  _lefts=$(
    for _left in "$LIBEXEC"/* "$STASH"/*; do
      [ ! -d "$_left" ] || printf '%s\n' "${_left##*/}"
    done
    for _left in "$UNITS"/bastionctl-guard@*.timer.d; do
      [ -d "$_left" ] || continue
      _left=${_left##*/bastionctl-guard@}
      printf '%s\n' "${_left%.timer.d}"
    done
    for _left in "$CHANGES"/*; do
      [ -e "$_left" ] || continue
      case $(state_of "${_left##*/}") in
      none | staged) printf '%s\n' "${_left##*/}" ;;
      *) ;;
      esac
    done
  )
  [ -z "$_lefts" ] || printf '%s\n' "$_lefts" | grep -xE '[A-Za-z0-9-]+' | sort -u | while read -r _left; do
    is_open "$_left" || put_away "$_left"
  done
  # Folders of a program that died between two of the last things that it does.
  if [ -d "$STASH" ] || [ -d "$LIBEXEC" ] && ! any_armed; then
    rmdir "$STASH" "$LIBEXEC" 2>/dev/null
    ! grep -qsxF "${LIBEXEC%/*}" "$CHANGES"/*/made || rmdir "${LIBEXEC%/*}" 2>/dev/null
  fi
  # A guard that was killed in its last breath stays on systemd's list without a file to show for it: that of a change on record.
  for _left in "$CHANGES"/*; do
    if [ ! -d "$_left" ] || [ "${_left##*/}" = "${1-}" ]; then continue; fi
    systemctl reset-failed 'bastionctl-guard@*' 'bastionctl-boot-*' 2>/dev/null
    break
  done
  return 0
}

# retry_soon ID: what could not be put back is tried again by the guard at once and every 20 seconds, not only from the deadline on.
retry_soon() {
  systemctl --no-block start "bastionctl-guard@$1.service" 9>&-
}
