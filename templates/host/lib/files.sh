# shellcheck shell=sh
# Writing without ever leaving half a file: temp file in the same folder, owner, mode and label, sync, rename, digest read back.
# A power cut between write and rename leaves a 0-byte file otherwise, and an empty sshd_config passes `sshd -t`.

# digest PATH: SHA-256 in hex, or `absent`.
digest() {
  if [ -e "$1" ] || [ -L "$1" ]; then
    set -- "$(sha256sum <"$1" 2>/dev/null)"
    printf '%s\n' "${1%% *}"
  else
    echo absent
  fi
}

# digests [LIST]: path|digest of each path on standard input, as `digest` has it, by one program for all of them: where it links a library
# of cryptography, starting it takes longer than reading the files. LIST is a file to work with.
# shellcheck disable=SC2094 # it is written by the time that it is read: awk has come to the end of the pipe
digests() {
  set -- "${1:-$RUN/digests}"
  while IFS= read -r _path; do
    if [ -f "$_path" ]; then
      printf '%s\n' "$_path"
      printf '%s|\n' "$_path" >&8
    elif [ -e "$_path" ] || [ -L "$_path" ]; then
      printf '%s|\n' "$_path" >&8
    else
      printf '%s|absent\n' "$_path" >&8
    fi
  done 8>"$1" | xargs -r -d '\n' sha256sum -- 2>/dev/null | awk -F'|' -v OFS='|' '
    !asked {
      # With a backslash in front of the line those in the name are doubled (sha256sum(1)).
      if (sub(/^\\/, "")) gsub(/\\\\/, "\\")
      has[substr($0, 67)] = substr($0, 1, 64)
      next
    }
    { print $1, ($1 in has) ? has[$1] : $2 }' - asked=1 "$1"
}

# durable PATH…: on disk, with the folder entry that names it.
durable() {
  for _path in "$@"; do
    sync "$_path" "${_path%/*}" || return 1
  done
}

# for_sshd <paths: one of them is sshd's or PAM's business. Whom we manage, and what people may do as root, is none.
for_sshd() { grep -Eqv '^/etc/(sudoers\.d/|bastionctl-(users|locked)$)'; }

# mark PATH: an empty file, on disk.
mark() { printf '' >"$1" && durable "$1"; }

# An awk program over `df -k --output=avail,iavail,itotal,file`: the first file system without room for anything, in a sentence; it fails then, and
# where df has said nothing.
# shellcheck disable=SC2016,SC2034 # awk; room and cramped
no_room='
  NR == 1 { next }
  { path = $0; sub(/^ *[^ ]+ +[^ ]+ +[^ ]+ +/, "", path) }
  $1 != "-" && $1 < 1024 { print "less than 1 MB is free on the file system of " path; full = 1; exit }
  $2 != "-" && $3 > 0 && $2 < 64 { print "fewer than 64 inodes are free on the file system of " path; full = 1; exit }
  END { exit NR < 2 || full }'

# write_text PATH TEXT: TEXT, its last line ended, becomes PATH, at once or not at all (0600, root).
write_text() {
  printf '%s' "${2:+$2
}" >"$1.new" && sync "$1.new" && mv -f "$1.new" "$1" && sync "${1%/*}"
}

relabel() {
  if command -v restorecon >/dev/null 2>&1; then
    restorecon "$1" 2>/dev/null || true
  fi
}

# place SOURCE TARGET MODE OWNER GROUP DIGEST: puts a copy of SOURCE at TARGET.
place() {
  _temp=$2.bastionctl-new
  rm -f "$_temp" || return 1
  if [ -e "$2" ]; then
    # An existing file lends its label and extended attributes; the content follows.
    cp -p --preserve=all "$2" "$_temp" 2>/dev/null || cp -p "$2" "$_temp" || { rm -f "$_temp"; return 1; }
  fi
  if cat "$1" >"$_temp" && chown "$4:$5" "$_temp" && chmod "$3" "$_temp"; then
    [ -e "$2" ] || relabel "$_temp"
    if sync "$_temp" && [ "$(digest "$_temp")" = "$6" ] && mv -fT "$_temp" "$2" && sync "${2%/*}"; then
      [ -n "$(command -v restorecon)" ] && relabel "$2"
      [ "$(digest "$2")" = "$6" ]
      return
    fi
  fi
  rm -f "$_temp"
  return 1
}

# unpacked FILE…: their texts one after the other, of rotated ones too.
unpacked() {
  for _file in "$@"; do
    case $_file in
    *.gz) zcat "$_file" ;;
    *) cat "$_file" ;;
    esac 2>/dev/null
  done
}

# roots_alone FOLDER: nobody but root can rename or replace a part of the way to what is in it.
roots_alone() {
  for _way in "$1" "$(readlink -m "$1")"; do
    while :; do
      [ "$(stat -Lc %u "${_way:-/}")" = 0 ] && [ -z "$(find -L "${_way:-/}" -maxdepth 0 -perm /022)" ] || return 1
      [ -n "$_way" ] || break
      _way=${_way%/*}
    done
  done
}
