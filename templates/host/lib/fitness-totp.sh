# shellcheck shell=sh
# Which factors pam_google_authenticator(8) refuses.

# fitness PLACE UID: 1 where no factor is there; else why the module refuses it, and with it its owner, if it does (pam_google_authenticator.c:
# a regular file of that user, open to nobody else, up to 64 KB, the first line a secret in base32).
fitness() {
  [ -e "$1" ] || [ -L "$1" ] || return 1
  IFS='|' read -r _kind _owner _mode _size <<STAT
$(stat -L -c '%F|%u|%a|%s' -- "$1" 2>/dev/null)
STAT
  case $_kind in
  'regular file') ;;
  'regular empty file') echo empty && return ;;
  *) echo kind && return ;;
  esac
  if [ "$_owner" != "$2" ]; then
    echo owner
  elif [ "$_mode" != 400 ] && [ "$_mode" != 600 ]; then
    echo mode
  elif [ "$_size" -gt 65536 ]; then
    echo size
  elif ! timeout 5 head -n 1 -- "$1" 2>/dev/null | grep -Eqx '([[:blank:]-]*[A-Za-z0-8]){2}[A-Za-z0-8[:blank:]-]*'; then
    echo secret
  fi
}
