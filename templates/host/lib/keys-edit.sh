# shellcheck shell=sh
# authorized_keys of people, in each file that sshd reads, merged and never truncated, recorded and put back; for a change that gives or takes keys.

# unfit FILE NAME HOME: why no key can be taken out of a file that is there. Below the home its owner reads and writes it; elsewhere root does,
# whom nobody may lead astray, and only what is this account's alone.
unfit() {
  [ -e "$1" ] || [ -L "$1" ] || return 0
  _reader=$2 _in=${1%/*}
  case $1 in
  "$3"/*) [ "$(stat -Lc %U "$_in")" = "$2" ] || as_owner "$2" test -w "$_in" || { echo "$2 cannot write to $_in"; return; } ;;
  *[/.]"$2" | *[/.]"$2"[/.]* | */"$(id -u "$2")" | */"$(id -u "$2")"/*)
    _reader=root
    roots_alone "$_in" || { echo "others than root can change what is in $_in"; return; }
    ;;
  *)
    echo "$1 is not for $2 alone"
    return
    ;;
  esac
  read_keys "$1" "$_reader" >"$RUN/unfit"
  case $? in
  0) [ "$(wc -l <"$RUN/unfit")" -le 500 ] || echo "$1 has more than 500 lines" ;;
  4) echo "$1 cannot be read: it is no plain file, or larger than 256 KB" ;;
  *) echo "$1 cannot be read by $_reader" ;;
  esac
}

# each_keys FUNCTION [ARGUMENT…]: calls FUNCTION for each of the files on record, with $_keys set, $_kept its record and $_by who reads and
# writes it. The record of the first one is that of the account itself.
each_keys() {
  _kept_all=0 _dir=$(cat "$_was/home")
  for _kept in "$_was" "$_was"/keys-[0-9]*; do
    [ -s "$_kept/keys-path" ] || continue
    _keys=$(cat "$_kept/keys-path")
    case $_keys in
    "$_dir"/*) _by=$_name ;;
    *) _by=root ;;
    esac
    "$@" || _kept_all=1
  done
  return "$_kept_all"
}

# list_keys: a record for each of the account's files.
list_keys() {
  _n=0 _dir=$(cat "$_was/home")
  keys_files "$_name" "$_dir" >"$RUN/keys-files"
  # A factor in a home that stays goes as they do; a folder is none.
  [ "$_action:$_house" != remove:keep ] || factor_places "$_name" "$_dir" | grep -F "$_dir/" |
    while IFS= read -r _place; do [ -d "$_place" ] || printf '%s\n' "$_place"; done >>"$RUN/keys-files"
  while IFS= read -r _keys; do
    _kept=$_was
    [ "$_n" = 0 ] || _kept=$_was/keys-$_n
    _n=$((_n + 1))
    mkdir -p "$_kept" && printf '%s\n' "$_keys" >"$_kept/keys-path" || return 1
  done <"$RUN/keys-files"
  [ "$_n" -gt 0 ]
}

# record_keys: text and mode; `absent` where there is no file, `unread` where it is none that can be kept.
record_keys() {
  list_keys || [ "$_action" = remove ] || return 1
  each_keys record_file
}

record_file() {
  if [ "$_by" = root ] && [ -n "$(unfit "$_keys" "$_name" "$_dir")" ]; then
    echo unread >"$_kept/keys-mode"
    return
  fi
  read_keys "$_keys" "$_by" >"$_kept/keys"
  case $? in
  0) as_owner "$_by" stat -c '%04a' "$_keys" >"$_kept/keys-mode" ;;
  3) echo absent >"$_kept/keys-mode" && { [ -d "${_keys%/*}" ] || printf '' >"$_kept/keys-no-folder"; } ;;
  *) echo unread >"$_kept/keys-mode" ;;
  esac
}

# give_keys: new lines go into the first file, and those that go are taken out of each.
give_keys() {
  if [ "$_where" = view ]; then
    _was=$RUN/view-of/$_name
    mkdir -p "$_was" && printf '%s\n' "$_dir" >"$_was/home" || return 1
  fi
  [ -s "$_was/keys-path" ] || list_keys || return 1
  each_keys edit_file
}

# edit_file: what it will be is on record before it is. One that cannot be edited may hold none of the keys: the proof says so.
edit_file() {
  _add=/dev/null
  [ "$_kept" != "$_was" ] || _add=$RUN/data/roster-keys/$_name
  _why=$(unfit "$_keys" "$_name" "$_dir")
  [ "$(cat "$_kept/keys-mode" 2>/dev/null)" != unread ] || _why=${_why:-$_keys could not be read}
  if [ -n "$_why" ]; then
    [ -s "$_add" ] || return 0
    echo "$_why"
    return 1
  fi
  merged_keys "$_keys" "$_by" "$_add" "$RUN/data/roster-drop/$_name" >"$RUN/keys-merged"
  case $? in
  0) ;;
  # A new account has a file in any case.
  3) if [ "$_action" != create ] || [ "$_kept" != "$_was" ]; then return 0; fi ;;
  *) return 1 ;;
  esac
  [ "$_where" = live ] || { [ -d "${_keys%/*}" ] && shadow_file "$_keys"; } || covered "$_keys" || { echo "$_keys cannot be kept apart from the live one"; return 1; }
  if [ "$_where" = live ] && [ "$_action" = update ]; then
    digest "$RUN/keys-merged" >"$_kept/keys-after" && durable "$_kept/keys-after" || return 1
  fi
  _mode=0600
  # sshd reads it as the account.
  [ "$_by" != root ] || _mode=$(stat -c '%04a' "$_keys") || return 1
  write_keys "$_keys" "$_by" "$_mode" <"$RUN/keys-merged"
}

# merged_keys FILE BY ADD DROP: FILE with the lines of ADD that it does not have, and without those whose fingerprint is in DROP; nothing
# else of it changes. 3: nothing at all does.
merged_keys() {
  _text=$RUN/keys-text _same=3
  read_keys "$1" "$2" >"$_text" || [ $? -eq 3 ] || return 1
  # Behind a NUL sshd reads nothing of a line, and the shell goes on.
  sed -i 's/\x00.*//' "$_text"
  printf '' >"$_text.prints"
  while IFS= read -r _line || [ -n "$_line" ]; do
    _print=$(print_of "$_line")
    if [ -n "$_print" ] && grep -qsxF -- "$_print" "$4"; then
      _same=0
      continue
    fi
    printf '%s\n' "$_line"
    printf '%s\n' "$_print" >>"$_text.prints"
  done <"$_text"
  [ ! -s "$3" ] || while IFS= read -r _line; do
    grep -qxF -- "$(print_of "$_line")" "$_text.prints" || { printf '%s\n' "$_line" && _same=0; }
  done <"$3"
  return "$_same"
}

# print_of LINE: the fingerprint of the key on it, options in front of it or not; nothing for a comment. What is taken out
# sshd passes over, and ssh-keygen does not.
print_of() { printf '%s\n' "$1" | sed 's/[\r\f\v]//g; s/[ \t]\+/ /g' | ssh-keygen -lf - 2>/dev/null | cut -d' ' -f2; }

prints() {
  while IFS= read -r _one || [ -n "$_one" ]; do print_of "$_one"; done <"$1"
}

# leave_no_folder: the one that was made for the file, where nothing else is in it.
leave_no_folder() { [ ! -e "$_kept/keys-no-folder" ] || as_owner "$_by" rmdir "${_keys%/*}" 2>/dev/null || true; }

# restore_keys ID: byte for byte where nobody has touched them since, else line by line: what was given goes, what was taken comes back.
restore_keys() {
  _mode=$(cat "$_kept/keys-mode")
  [ "$_mode" != unread ] || return 0
  # Of a write that died.
  drop_factor "$_keys.bastionctl-new" "$_name" "$_dir" || true
  read_keys "$_keys" "$_by" >"$RUN/keys-now"
  case $? in
  0) _now=$(digest "$RUN/keys-now") ;;
  3) _now=absent ;;
  4) journal "$1" "$_keys is no plain file any more, and is left alone"; return 0 ;;
  *) in_vain "$1" "$_keys"; return ;;
  esac
  if [ "$_mode" = absent ]; then _old=absent; else _old=$(digest "$_kept/keys"); fi
  [ "$_now" != "$_old" ] || { leave_no_folder; return 0; }
  if [ "$_now" = "$(cat "$_kept/keys-after" 2>/dev/null)" ]; then
    if [ "$_old" = absent ]; then drop_keys "$_keys" "$_by" && leave_no_folder; else write_keys "$_keys" "$_by" "$_mode" <"$_kept/keys"; fi || in_vain "$1" "$_keys"
    return
  fi
  # One that was given and taken has got other options: that line goes, and the old one comes back.
  prints "$_kept/keys" | { if [ -s "$_was/list-drop" ]; then grep -vxFf "$_was/list-drop"; else cat; fi; } | sort -u >"$RUN/prints-old"
  printf '' >"$RUN/take"
  printf '' >"$RUN/give"
  # Into the first one alone.
  if [ "$_kept" = "$_was" ] && [ -f "$_was/list-keys" ]; then prints "$_was/list-keys" | grep -vxFf "$RUN/prints-old" >"$RUN/take"; fi
  [ ! -f "$_was/list-drop" ] || while IFS= read -r _line || [ -n "$_line" ]; do
    _print=$(print_of "$_line")
    [ -z "$_print" ] || ! grep -qxF -- "$_print" "$_was/list-drop" || printf '%s\n' "$_line"
  done <"$_kept/keys" >"$RUN/give"
  [ "$_mode" != absent ] || _mode=0600
  merged_keys "$_keys" "$_by" "$RUN/give" "$RUN/take" >"$RUN/keys-merged"
  case $? in
  0) write_keys "$_keys" "$_by" "$_mode" <"$RUN/keys-merged" || in_vain "$1" "$_keys" ;;
  3) ;;
  *) in_vain "$1" "$_keys" ;;
  esac
}
