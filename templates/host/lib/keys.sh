# shellcheck shell=sh
# Files below a home, each read and written by its owner, not by root: authorized_keys and second factors.

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

# write_keys FILE NAME MODE: standard input becomes FILE, at once or not at all. Outside of homes it stays whose it is.
write_keys() {
  # shellcheck disable=SC2016 # it is the inner shell that expands
  as_owner "$2" /bin/sh -c \
    'umask 077 && mkdir -p "${0%/*}" && { [ -w "${0%/*}" ] || chmod u+rwx "${0%/*}"; } && rm -rf "$0.bastionctl-new" && cat >"$0.bastionctl-new" && chmod "$1" "$0.bastionctl-new" && { [ ! -e "$0" ] || chown --reference="$0" "$0.bastionctl-new" || :; } && sync "$0.bastionctl-new" && mv -fT "$0.bastionctl-new" "$0" && sync "${0%/*}"' "$1" "$3" >/dev/null 2>&1
}

drop_keys() {
  # shellcheck disable=SC2016 # it is the inner shell that expands
  as_owner "$2" /bin/sh -c '{ [ -w "${0%/*}" ] || chmod u+rwx "${0%/*}"; } && rm -f "$0" && sync "${0%/*}"' "$1" </dev/null >/dev/null 2>&1
}
