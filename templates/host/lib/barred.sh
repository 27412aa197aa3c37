# shellcheck shell=sh
# What keeps an account out beside its keys, for inspect alone.

# ageing CHANGED MAX INACTIVE TODAY: what PAM has against a login, by key too, because of the password's age: password-change or
# password-expired (pam_unix, check_shadow_expiry). Days, as in shadow(5).
ageing() {
  case $1:$2:$3 in
  :* | *[!0-9:]* | 0[0-9]* | *:0[0-9]*) return 0 ;;
  0:*)
    echo password-change
    return 0
    ;;
  *) ;;
  esac
  if [ -z "$2" ] || [ $(($4 - $1)) -le "$2" ]; then return 0; fi
  if [ -n "$3" ] && [ $(($4 - $1)) -gt $(($2 + $3)) ]; then echo password-expired; else echo password-change; fi
}

# password_of ENTRY HASH: of a line of shadow(5) and its second field, in $PASSWORD: set, empty, locked (nobody can type one), or barred where it
# begins with `!`, as passwd -l leaves it: sshd without PAM takes no login of such an account at all (auth.c, allowed_user).
# shellcheck disable=SC2034 # inspect.sh
password_of() {
  case $2 in
  '') if [ -n "$1" ]; then PASSWORD=empty; else PASSWORD=locked; fi ;;
  '!'*) PASSWORD=barred ;;
  '*'*) PASSWORD=locked ;;
  *) PASSWORD="set" ;;
  esac
}

# nologin_file UID EFFECTIVE: nologin or run-nologin, while a file shuts everybody but root out: /etc/nologin, or the one in /run, which systemd
# has there while a host starts and goes down (systemd-user-sessions.service(8)), and pam_nologin reads by its older name. sshd without PAM
# reads the first alone.
nologin_file() {
  [ "$1" != 0 ] || return 0
  if [ -e /etc/nologin ]; then
    echo nologin
  elif { [ -e /run/nologin ] || [ -e /var/run/nologin ]; } && ! grep -qx 'usepam no' "$2"; then
    echo run-nologin
  fi
}
