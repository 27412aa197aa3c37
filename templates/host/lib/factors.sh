# shellcheck shell=sh
# Second factors of people: given, renewed, taken, moved, and put back. What is secret comes from $RUN/secrets and goes nowhere else.

factor_place() { path_of "$(value factor "$RUN/data/manifest")" "$1" "$2"; }
factor_before() { _from=$(value factor_from "$RUN/data/manifest") && [ -n "$_from" ] && path_of "$_from" "$1" "$2"; }

factor_other() { _other=$(value factor_other "$RUN/data/manifest") && [ -n "$_other" ] && path_of "$_other" "$1" "$2"; }
# factor_places NAME HOME: wherever one can be, now or some day, a line each.
factor_places() { factor_place "$@"; factor_other "$@" || true; }

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
    drop_torn "$1"
    [ -d "${1%/*}" ] || { mkdir -p "${1%/*}" && relabel "${1%/*}"; } || return 1
    cat >"$1.bastionctl-new" && chmod 0400 "$1.bastionctl-new" && relabel "$1.bastionctl-new" && sync "$1.bastionctl-new" &&
      mv -fT "$1.bastionctl-new" "$1" && sync "${1%/*}"
    ;;
  esac
}

# drop_torn PLACE: what a helper that was killed has left beside it: .NAME.PID, with the secret in it.
drop_torn() {
  for _torn in "${1%/*}/.${1##*/}".[0-9]*; do
    [ "${_torn%.*}" != "${1%/*}/.${1##*/}" ] || grep -qs bastionctl-mfa-enrol "/proc/${_torn##*.}/cmdline" || rm -f "$_torn"
  done
}

drop_factor() {
  case $1 in
  "$3"/*) ;;
  *) drop_torn "$1" ;;
  esac
  # Most have none to drop. Where the folder cannot be searched (root on NFS), that is not known.
  if [ -x "${1%/*}" ] && [ ! -e "$1" ] && [ ! -L "$1" ]; then return 0; fi
  case $1 in
  "$3"/*) drop_keys "$1" "$2" ;;
  *) rm -f "$1" && sync "${1%/*}" ;;
  esac
}

record_factor() {
  _dir=$(cat "$_was/home")
  [ "$_factor" != moved ] || factor_before "$_name" "$_dir" >"$_was/factor-from" || return 1
  _place=$(factor_place "$_name" "$_dir") && record_place || return 1
  case $_factor in
  totp | gone) record_elsewhere ;;
  *) ;;
  esac
}

# record_elsewhere: what is at the other place is taken away with it: on record like the other, in a folder of its own.
record_elsewhere() {
  _place=$(factor_other "$_name" "$_dir") || return 0
  [ -e "$_place" ] || [ -L "$_place" ] || return 0
  mkdir -p "$_was/elsewhere" && cp -t "$_was/elsewhere" -- "$_was/home" "$_was/uid" && echo absent >"$_was/elsewhere/factor-after" || return 1
  at_other record_place
}

# at_other FUNCTION [ARGUMENT…]: calls FUNCTION with the record of the other place, where there is one.
at_other() {
  [ -d "$_was/elsewhere" ] || return 0
  _was=$_was/elsewhere
  "$@"
  set -- $?
  _was=${_was%/elsewhere}
  return "$1"
}

record_place() {
  printf '%s\n' "$_place" >"$_was/factor-place" || return 1
  read_factor "$_place" "$_name" "$_dir" >"$_was/factor"
  case $?:$_factor in
  0:* | 3:*) ;;
  *:codes) echo "the second factor of $_name cannot be read"; return 1 ;;
  # A folder, a link, or somebody else's: it makes room as it is.
  *) printf '%s\n' "$_place.bastionctl-$ID" >"$_was/factor-aside" ;;
  esac
}

# can_go PLACE: what is there can be taken away or replaced; else why not is printed.
can_go() {
  [ -e "$1" ] || [ -L "$1" ] || return 0
  if lsattr -d -- "$1" "${1%/*}" 2>/dev/null | cut -d' ' -f1 | grep -q '[ai]'; then
    echo "$1 cannot be replaced before chattr -ia $1 ${1%/*}"
    return 1
  fi
  [ -L "$1" ] || ! mounted "$1" || { echo "something is mounted at $1"; return 1; }
}

# make_room: what is at $_place and no file that can be kept goes aside; in a view it just goes.
make_room() {
  if [ "$_where" = view ]; then
    read_factor "$_place" "$_name" "$_dir" >/dev/null
    case $? in
    0 | 3) ;;
    *) rm -rf --one-file-system "$_place" ;;
    esac
    return
  fi
  [ -s "$_was/factor-aside" ] || return 0
  [ -e "$_place" ] || [ -L "$_place" ] || return 0
  _aside=$(cat "$_was/factor-aside")
  rename_factor "$_place" "$_aside" || { echo "$_place cannot be moved out of the way"; return 1; }
  echo "$_place could not be kept as a file, and is $_aside now" >>"$RUN/remark"
}

# rename_factor FROM TO: below the home as its owner.
rename_factor() {
  case $1 in
  "$_dir"/*) _by=$_name ;;
  *) _by=root ;;
  esac
  # shellcheck disable=SC2016
  as_owner "$_by" /bin/sh -ec '
    '"$OPEN_FOLDER"'
    mv -fT "$0" "$1"
    sync "${0%/*}"' "$1" "$2" </dev/null >/dev/null 2>&1
}

# give_factor: what the roster says of the second factor. Whose it will be is on record before it is.
give_factor() {
  [ -n "$_factor" ] || return 0
  _place=$(factor_place "$_name" "$_dir")
  [ "$_where" = live ] || { [ -d "${_place%/*}" ] && shadow_file "$_place"; } || covered "$_place" || { echo "$_place cannot be kept apart from the live one"; return 1; }
  printf '' >"$RUN/factor-new"
  [ "$_factor" = gone ] || factor_text >"$RUN/factor-new" || return 1
  if [ "$_where" = live ]; then
    factor_of "$RUN/factor-new" >"$_was/factor-after" && durable "$_was/factor-after" || return 1
  fi
  make_room || return 1
  if [ "$_factor" = gone ]; then
    drop_factor "$_place" "$_name" "$_dir"
  else
    write_factor "$_place" "$_name" "$_dir" <"$RUN/factor-new"
  fi && { [ "$_where" = view ] || at_other take_away; }
}

take_away() {
  _place=$(cat "$_was/factor-place")
  { make_room && drop_factor "$_place" "$_name" "$_dir"; } || { echo "$_place cannot be taken away"; return 1; }
}

# factor_text: what has come, as the module reads it; with `codes` the old text, its scratch codes replaced; or all that is at the old place.
factor_text() {
  if [ "$_factor:$_where" = moved:view ]; then
    # The one at the old place may have made room for that of a rehearsed login.
    make_factor && cat "$WORK/factor"
    return
  fi
  if [ "$_factor" = moved ]; then
    read_factor "$(factor_before "$_name" "$_dir")" "$_name" "$_dir"
    return
  fi
  _sent=$RUN/secrets/$_name
  [ -s "$_sent" ] || { echo "no secret has come for $_name"; return 1; }
  if [ "$_factor" = totp ]; then
    totp_factor "$_sent"
    return
  fi
  read_factor "$_place" "$_name" "$_dir" >"$RUN/factor-old" && totp_codes "$RUN/factor-old" "$_sent"
}

# factor_of FILE: which secret it has, without telling it; the module rewrites all other lines at logins.
factor_of() {
  if [ -s "$1" ]; then head -n 1 "$1" | sha256sum | cut -d' ' -f1; else echo absent; fi
}

# --- at another place

# newly_enrolled: where factors move, one that the plan does not know of would be left where nothing looks any more. 1: there is one, and whose
# is in $RUN/moved. What the module refuses does not move, and is nobody's enrolment.
newly_enrolled() {
  [ -n "$(value factor_from "$RUN/data/manifest")" ] || return 0
  login_accounts | while IFS='|' read -r name uid _ home _; do
    _old=$(factor_before "$name" "$home")
    case $_old in
    "$home"/*) ;;
    *) uid=0 ;;
    esac
    if [ -s "$(factor_place "$name" "$home")" ] || ! _unfit=$(fitness "$_old" "$uid") || [ -n "$_unfit" ]; then continue; fi
    ! cut -d'|' -f1 "$RUN/data/roster" 2>/dev/null | grep -qxF -- "$name" || continue
    plain "the enrolment of $name" >"$RUN/moved"
    exit 1
  done
}

# move_factors ID: those that are to be at another place are there too, before anything looks there.
move_factors() { each_person "$RUN/data/roster" move_factor "$1"; }

move_factor() {
  [ "$_factor" = moved ] || return 0
  _was=$CHANGES/$1/people/$_name _dir=$(home_of "$_name") _where=live
  give_factor || { echo "the second factor of $_name could not be moved"; return 1; }
}

# leave_old_factor ID: with the confirm nothing of a factor that has moved stays behind, unless it is another one by now. 1: it cannot be read,
# which is tried again.
leave_old_factor() {
  _dir=$(cat "$_was/home") _old=$(cat "$_was/factor-from")
  read_factor "$_old" "$_name" "$_dir" >"$RUN/factor-now"
  case $? in
  0 | 3 | 4) ;;
  *)
    rm -f "$RUN/factor-now"
    in_vain "$1" "$_old" && return 0
    echo "$_old cannot be read, and may hold the second factor of $_name as before"
    return 1
    ;;
  esac
  if [ "$(factor_of "$RUN/factor-now")" = "$(cat "$_was/factor-after")" ]; then
    drop_factor "$_old" "$_name" "$_dir" || journal "$1" "$_old withstands, and stays, though nothing reads it any more"
  fi
  rm -f "$RUN/factor-now"
}

# enrolled_at PATTERN: name|home of each account that has something there; of a directory's too, which need not list whom it has.
enrolled_at() {
  {
    getent passwd
    case $1 in
    */%u) find "${1%/*}" -maxdepth 1 -type f -printf '%f\n' | xargs -r -d '\n' getent passwd -- ;;
    *) ;;
    esac
  } 2>/dev/null | sort -u | while IFS=: read -r _one _ _ _ _ _at _; do
    [ ! -e "$(path_of "$1" "$_one" "$_at")" ] || printf '%s|%s\n' "$_one" "$_at"
  done
}

# enrolled_since ID: those at the new place who were not there before the move; nobody where no factor was asked for then.
enrolled_since() {
  [ ! -e "$CHANGES/$1/before/etc/pam.d/bastionctl-mfa" ] || enrolled_at "$(value factor "$CHANGES/$1/manifest")" | grep -vxFf "$CHANGES/$1/factors-there"
}

moved_by() {
  _was=$CHANGES/$1/people/$_name
  [ "$_factor" != moved ] || ! same_person || printf '%s|%s\n' "$_name" "$(cat "$_was/home")"
}

# made_room RECORD: what has made room for a factor is still at $_aside; 1: it never went, or is back.
made_room() {
  _aside=$(cat "$1/factor-aside")
  [ -e "$_aside" ] || [ -L "$_aside" ]
}

# at_both ID: the factor of $_name, at home in $_dir, that is in force at the new place is at the old one too; 1: it cannot be. Another one there
# has been in force nowhere since the move, and may be anybody's who had a session of theirs: it is kept beside it. What was at the new place before
# the move is not in force there: either it never came to the move, or a try before this one has put it back.
at_both() {
  _record=$CHANGES/$1/people/$_name
  _new=$(path_of "$(value factor "$CHANGES/$1/manifest")" "$_name" "$_dir")
  _old=$(path_of "$(value factor_from "$CHANGES/$1/manifest")" "$_name" "$_dir")
  [ ! -s "$_record/factor-aside" ] || made_room "$_record" || return 0
  read_factor "$_new" "$_name" "$_dir" >"$RUN/factor-new"
  case $? in
  0) ;;
  3) return 0 ;;
  *) return 1 ;;
  esac
  _force=$(factor_of "$RUN/factor-new")
  case $_force in
  absent) return 0 ;;
  "$(cat "$_record/factor-after" 2>/dev/null)") ;;
  "$(factor_of "$_record/factor")") return 0 ;;
  *) ;;
  esac
  read_factor "$_old" "$_name" "$_dir" >"$RUN/factor-now"
  case $? in
  3) ;;
  0 | 4)
    [ "$(factor_of "$RUN/factor-now")" != "$_force" ] || return 0
    rename_factor "$_old" "$_old.bastionctl-aside" && note_kept "$1" "$_old" "$_old.bastionctl-aside" || return 1
    ;;
  *) return 1 ;;
  esac
  write_factor "$_old" "$_name" "$_dir" <"$RUN/factor-new"
}

# return_factors ID: before anything looks at the old place again.
return_factors() {
  [ -n "$(value factor_from "$CHANGES/$1/manifest")" ] || return 0
  { [ ! -s "$CHANGES/$1/roster" ] || each_person "$CHANGES/$1/roster" moved_by "$1"; enrolled_since "$1"; } >"$RUN/come-back"
  while IFS='|' read -r _name _dir <&4; do at_both "$1"; done 4<"$RUN/come-back"
  rm -f "$RUN/factor-new" "$RUN/factor-now"
}

# leave_new_place ID: of those who have enrolled since, while files went back too; the roster's have been restored. 1: something is left to do.
leave_new_place() {
  [ -n "$(value factor_from "$CHANGES/$1/manifest")" ] || return 0
  _was=$CHANGES/$1 _left=0
  enrolled_since "$1" >"$RUN/come-back"
  while IFS='|' read -r _name _dir <&4; do
    if at_both "$1"; then
      drop_factor "$_new" "$_name" "$_dir" || in_vain "$1" "$_new" || _left=1
    elif in_vain "$1" "$_old"; then
      note_lost "$1" "the second factor of $_name (it is $_new)"
    else
      _left=1
    fi
  done 4<"$RUN/come-back"
  rm -f "$RUN/factor-new" "$RUN/factor-now"
  return "$_left"
}

# --- the way back

# return_aside ID: what has made room is in its place again, unless the account has come by yet another factor.
return_aside() {
  made_room "$_was" || return 0
  read_factor "$_place" "$_name" "$_dir" >"$RUN/factor-now"
  case $?:$_factor in
  # What was there is at the old place again.
  *:moved) _then=absent ;;
  0:* | 3:*) _then=$(factor_of "$RUN/factor-now") ;;
  *) _then=odd ;;
  esac
  rm -f "$RUN/factor-now"
  case $_then in
  absent | "$(cat "$_was/factor-after" 2>/dev/null)")
    { drop_factor "$_place" "$_name" "$_dir" && rename_factor "$_aside" "$_place"; } || in_vain "$1" "$_place"
    ;;
  *) journal "$1" "the second factor of $_name is another one by now, and is left alone" ;;
  esac
}

# restore_factor ID: the old one, unless the account has come by yet another one. One that has moved goes from the new place once it is surely
# at the old one.
restore_factor() {
  at_other restore_factor "$1" || return 1
  _dir=$(cat "$_was/home") _place=$(cat "$_was/factor-place")
  if [ "$_factor" = moved ] && ! at_both "$1"; then
    in_vain "$1" "$_old" || return 1
    note_lost "$1" "the second factor of $_name (it is $_place)"
    return 0
  fi
  drop_factor "$_place.bastionctl-new" "$_name" "$_dir" || true
  [ ! -s "$_was/factor-aside" ] || { return_aside "$1"; return; }
  read_factor "$_place" "$_name" "$_dir" >"$RUN/factor-now"
  case $? in
  0 | 3) ;;
  4) journal "$1" "$_place is no plain file any more, and is left alone"; return 0 ;;
  *) in_vain "$1" "$_place"; return ;;
  esac
  if cmp -s "$_was/factor" "$RUN/factor-now"; then _then=old; else _then=$(factor_of "$RUN/factor-now"); fi
  rm -f "$RUN/factor-now"
  [ "$_then" != old ] || return 0
  if [ "$_factor" != moved ] && [ "$_then" != "$(cat "$_was/factor-after" 2>/dev/null)" ]; then
    journal "$1" "the second factor of $_name is another one by now, and is left alone"
  elif [ -s "$_was/factor" ]; then
    write_factor "$_place" "$_name" "$_dir" <"$_was/factor" || in_vain "$1" "$_place"
  else
    drop_factor "$_place" "$_name" "$_dir" || in_vain "$1" "$_place"
  fi
}
