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

# What these hand to the shell of the owner gets FILE as $0. Its folder is opened where its owner has closed it to itself.
# shellcheck disable=SC2016 # it is the inner shell that expands, here and below
OPEN_FOLDER='[ -w "${0%/*}" ] || chmod u+rwx "${0%/*}"'

# read_keys FILE NAME: 3: there is none; 4: it is no plain file, or larger than 256 KB; else: the owner cannot read it.
read_keys() {
  # shellcheck disable=SC2016
  as_owner "$2" /bin/sh -c '
    [ -e "$0" ] || [ -L "$0" ] || exit 3
    [ -f "$0" ] && [ ! -L "$0" ] && [ "$(stat -c %s -- "$0")" -le 262144 ] || exit 4
    exec head -c 262144 -- "$0"' "$1" </dev/null 2>/dev/null
}

# write_keys FILE NAME MODE: standard input becomes FILE, at once or not at all. Outside of homes it stays whose it is.
write_keys() {
  # shellcheck disable=SC2016
  as_owner "$2" /bin/sh -ec '
    umask 077
    mkdir -p "${0%/*}"
    '"$OPEN_FOLDER"'
    new=$0.bastionctl-new
    rm -rf "$new"
    cat >"$new"
    chmod "$1" "$new"
    [ ! -e "$0" ] || chown --reference="$0" "$new" || true
    sync "$new"
    mv -fT "$new" "$0"
    sync "${0%/*}"' "$1" "$3" >/dev/null 2>&1
}

drop_keys() {
  # shellcheck disable=SC2016
  as_owner "$2" /bin/sh -ec '
    '"$OPEN_FOLDER"'
    rm -f "$0"
    sync "${0%/*}"' "$1" </dev/null >/dev/null 2>&1
}
