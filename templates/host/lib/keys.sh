# shellcheck shell=sh
# authorized_keys of people, merged and never truncated; below a home all is read and written by its owner.

# keys_file NAME HOME: the first authorized_keys file that sshd reads for the account.
keys_file() {
  sshd_effective "$1" "$RUN/sshd-args" >"$RUN/effective-roster" 2>/dev/null
  key_files "$1" "$2" "$RUN/effective-roster" | head -n 1 | grep .
}

# record_keys: text and mode; `absent` where there is no file, `unread` where it is none that can be kept.
record_keys() {
  _dir=$(cat "$_was/home")
  keys_file "$_name" "$_dir" >"$_was/keys-path" || { [ "$_action" = remove ] && return 0; return 1; }
  read_keys "$(cat "$_was/keys-path")" "$_name" >"$_was/keys"
  case $? in
  0) as_owner "$_name" stat -c '%04a' "$(cat "$_was/keys-path")" >"$_was/keys-mode" ;;
  3) echo absent >"$_was/keys-mode" ;;
  *)
    # Whoever leaves has no say in it.
    if [ "$_action" = remove ]; then echo unread >"$_was/keys-mode"; else echo "the keys of $_name cannot be read"; return 1; fi
    ;;
  esac
}

# give_keys: the account's file with the new lines and without those that go. What it will be is on record before it is.
give_keys() {
  _at=$(keys_file "$_name" "$_dir") || return 1
  [ "$_where" = live ] || { [ -d "${_at%/*}" ] && shadow_file "$_at"; } || covered "$_at" || { echo "$_at cannot be kept apart from the live one"; return 1; }
  merged_keys "$_at" "$RUN/data/roster-keys/$_name" "$RUN/data/roster-drop/$_name" >"$RUN/keys-merged" || return 1
  if [ "$_where" = live ] && [ "$_action" = update ]; then
    digest "$RUN/keys-merged" >"$_was/keys-after" && durable "$_was/keys-after" || return 1
  fi
  write_keys "$_at" "$_name" 0600 <"$RUN/keys-merged"
}

# merged_keys FILE ADD DROP: FILE with the lines of ADD that it does not have, and without those whose fingerprint is in DROP; nothing
# else of it changes.
merged_keys() {
  _text=${RUN:-$_was}/keys-text
  read_keys "$1" "$_name" >"$_text" || [ $? -eq 3 ] || return 1
  printf '' >"$_text.prints"
  while IFS= read -r _line || [ -n "$_line" ]; do
    _print=$(print_of "$_line")
    if [ -n "$_print" ] && grep -qsxF -- "$_print" "$3"; then continue; fi
    printf '%s\n' "$_line"
    printf '%s\n' "$_print" >>"$_text.prints"
  done <"$_text"
  [ ! -s "$2" ] || while IFS= read -r _line; do
    grep -qxF -- "$(print_of "$_line")" "$_text.prints" || printf '%s\n' "$_line"
  done <"$2"
}

# print_of LINE: the fingerprint of the key on it, options in front of it or not; nothing for a comment.
print_of() { printf '%s\n' "$1" | ssh-keygen -lf - 2>/dev/null | cut -d' ' -f2; }

prints() {
  while IFS= read -r _one || [ -n "$_one" ]; do print_of "$_one"; done <"$1"
}

# restore_keys ID: byte for byte where nobody has touched them since, else line by line: what was given goes, what was taken comes back.
restore_keys() {
  _keys=$(cat "$_was/keys-path") _mode=$(cat "$_was/keys-mode")
  read_keys "$_keys" "$_name" >"$_was/keys-now"
  case $? in
  0) _now=$(digest "$_was/keys-now") ;;
  3) _now=absent ;;
  4) journal "$1" "$_keys is no plain file any more, and is left alone"; return 0 ;;
  *) in_vain "$1" "$_keys"; return ;;
  esac
  if [ "$_mode" = absent ]; then _old=absent; else _old=$(digest "$_was/keys"); fi
  [ "$_now" != "$_old" ] || return 0
  if [ "$_now" = "$(cat "$_was/keys-after" 2>/dev/null)" ]; then
    if [ "$_old" = absent ]; then drop_keys "$_keys" "$_name"; else write_keys "$_keys" "$_name" "$_mode" <"$_was/keys"; fi || in_vain "$1" "$_keys"
    return
  fi
  # One that was given and taken has got other options: that line goes, and the old one comes back.
  prints "$_was/keys" | { if [ -s "$_was/list-drop" ]; then grep -vxFf "$_was/list-drop"; else cat; fi; } | sort -u >"$_was/prints-old"
  printf '' >"$_was/take"
  printf '' >"$_was/give"
  [ ! -f "$_was/list-keys" ] || prints "$_was/list-keys" | grep -vxFf "$_was/prints-old" >"$_was/take"
  [ ! -f "$_was/list-drop" ] || while IFS= read -r _line || [ -n "$_line" ]; do
    _print=$(print_of "$_line")
    [ -z "$_print" ] || ! grep -qxF -- "$_print" "$_was/list-drop" || printf '%s\n' "$_line"
  done <"$_was/keys" >"$_was/give"
  [ "$_mode" != absent ] || _mode=0600
  { merged_keys "$_keys" "$_was/give" "$_was/take" >"$_was/keys-merged" && write_keys "$_keys" "$_name" "$_mode" <"$_was/keys-merged"; } ||
    in_vain "$1" "$_keys"
}

# --- below a home

# as_owner NAME COMMAND…: below a home the owner reads and writes, not root: a link there leads wherever the owner likes.
as_owner() {
  _group=$(getent passwd "$1") || return 1
  _group=${_group#*:*:} && _owner=${_group%%:*}
  _group=${_group#*:} && _group=${_group%%:*}
  shift
  # Whoever has the same uid can take descriptors of it, and stop it as long as they like.
  timeout -k 2 20 setpriv --reuid="$_owner" --regid="$_group" --clear-groups -- "$@" 3<&- 4<&- 9>&-
}

# read_keys FILE NAME: 3: there is none; 4: it is no plain file, or larger than 256 KB; else: the owner cannot read it.
read_keys() {
  # shellcheck disable=SC2016 # it is the inner shell that expands
  as_owner "$2" /bin/sh -c '[ -e "$0" ] || [ -L "$0" ] || exit 3; [ -f "$0" ] && [ ! -L "$0" ] && [ "$(stat -c %s -- "$0")" -le 262144 ] || exit 4; exec head -c 262144 -- "$0"' "$1" </dev/null 2>/dev/null
}

# write_keys FILE NAME MODE: standard input becomes FILE, at once or not at all.
write_keys() {
  # shellcheck disable=SC2016 # it is the inner shell that expands
  as_owner "$2" /bin/sh -c \
    'umask 077 && mkdir -p "${0%/*}" && { [ -w "${0%/*}" ] || chmod u+rwx "${0%/*}"; } && rm -rf "$0.bastionctl-new" && cat >"$0.bastionctl-new" && chmod "$1" "$0.bastionctl-new" && sync "$0.bastionctl-new" && mv -fT "$0.bastionctl-new" "$0" && sync "${0%/*}"' "$1" "$3" >/dev/null 2>&1
}

drop_keys() {
  # shellcheck disable=SC2016 # it is the inner shell that expands
  as_owner "$2" /bin/sh -c '{ [ -w "${0%/*}" ] || chmod u+rwx "${0%/*}"; } && rm -f "$0" && sync "${0%/*}"' "$1" </dev/null >/dev/null 2>&1
}
