# shellcheck shell=sh
# Second factors of people: given, renewed, taken, moved, and put back. What is secret comes from $RUN/secrets and goes nowhere else.

factor_place() { path_of "$(value factor "$RUN/data/manifest")" "$1" "$2"; }
factor_before() { _from=$(value factor_from "$RUN/data/manifest") && [ -n "$_from" ] && path_of "$_from" "$1" "$2"; }

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
    [ -d "${1%/*}" ] || { mkdir -p "${1%/*}" && relabel "${1%/*}"; } || return 1
    cat >"$1.bastionctl-new" && chmod 0400 "$1.bastionctl-new" && relabel "$1.bastionctl-new" && sync "$1.bastionctl-new" &&
      mv -fT "$1.bastionctl-new" "$1" && sync "${1%/*}"
    ;;
  esac
}

drop_factor() {
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
  _place=$(factor_place "$_name" "$_dir") && printf '%s\n' "$_place" >"$_was/factor-place" || return 1
  read_factor "$_place" "$_name" "$_dir" >"$_was/factor"
  case $? in
  0 | 3) ;;
  *) echo "the second factor of $_name cannot be read"; return 1 ;;
  esac
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
  if [ "$_factor" = gone ]; then
    drop_factor "$_place" "$_name" "$_dir"
  else
    write_factor "$_place" "$_name" "$_dir" <"$RUN/factor-new"
  fi
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

# move_factors ID: those that are to be at another place are there too, before anything looks there.
move_factors() { each_person "$RUN/data/roster" move_factor "$1"; }

move_factor() {
  [ "$_factor" = moved ] || return 0
  _was=$CHANGES/$1/people/$_name _dir=$(home_of "$_name") _where=live
  give_factor || { echo "the second factor of $_name could not be moved"; return 1; }
}

# leave_old_factor ID: with the confirm nothing of a factor that has moved stays behind, unless it is another one by now.
leave_old_factor() {
  _dir=$(cat "$_was/home") _old=$(cat "$_was/factor-from")
  read_factor "$_old" "$_name" "$_dir" >"$_was/factor-now"
  if [ "$(factor_of "$_was/factor-now")" = "$(cat "$_was/factor-after")" ]; then
    drop_factor "$_old" "$_name" "$_dir" || journal "$1" "$_old withstands, and stays, though nothing reads it any more"
  fi
  rm -f "$_was/factor-now"
}

# return_factors ID: those that have moved are at their old place too, before anything looks there again.
return_factors() { [ ! -s "$CHANGES/$1/roster" ] || each_person "$CHANGES/$1/roster" return_factor "$1"; }

return_factor() {
  [ "$_factor" = moved ] || return 0
  _was=$CHANGES/$1/people/$_name
  same_person || return 0
  _dir=$(cat "$_was/home") _back=$(cat "$_was/factor-from")
  read_factor "$_back" "$_name" "$_dir" >/dev/null
  [ $? -eq 3 ] || return 0
  read_factor "$(cat "$_was/factor-place")" "$_name" "$_dir" >"$_was/factor-now"
  if [ "$(factor_of "$_was/factor-now")" = "$(cat "$_was/factor-after" 2>/dev/null)" ]; then
    write_factor "$_back" "$_name" "$_dir" <"$_was/factor-now" || in_vain "$1" "$_back" || { rm -f "$_was/factor-now"; return 1; }
  fi
  rm -f "$_was/factor-now"
}

# --- the way back

# restore_factor ID: the old one, unless the account has come by yet another one.
restore_factor() {
  return_factor "$1" || return 1
  _dir=$(cat "$_was/home") _place=$(cat "$_was/factor-place")
  drop_factor "$_place.bastionctl-new" "$_name" "$_dir" || true
  read_factor "$_place" "$_name" "$_dir" >"$_was/factor-now"
  case $? in
  0 | 3) ;;
  4) journal "$1" "$_place is no plain file any more, and is left alone"; return 0 ;;
  *) in_vain "$1" "$_place"; return ;;
  esac
  if cmp -s "$_was/factor" "$_was/factor-now"; then _then=old; else _then=$(factor_of "$_was/factor-now"); fi
  rm -f "$_was/factor-now"
  [ "$_then" != old ] || return 0
  if [ "$_then" != "$(cat "$_was/factor-after" 2>/dev/null)" ]; then
    journal "$1" "the second factor of $_name is another one by now, and is left alone"
  elif [ -s "$_was/factor" ]; then
    write_factor "$_place" "$_name" "$_dir" <"$_was/factor" || in_vain "$1" "$_place"
  else
    drop_factor "$_place" "$_name" "$_dir" || in_vain "$1" "$_place"
  fi
}
