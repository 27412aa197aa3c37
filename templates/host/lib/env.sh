# shellcheck shell=sh
# What every on-host program relies on. Run Command gives no HOME, a service's PATH and umask 0022,
# and a systemd unit gives other ones again: nothing is inherited.

PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
HOME=/root
LC_ALL=C
export PATH HOME LC_ALL
unset LANG LANGUAGE CDPATH ENV BASH_ENV IFS SSH_AUTH_SOCK SSH_ASKPASS DISPLAY
umask 077
NL='
'

STATE=/var/lib/bastionctl
CHANGES=$STATE/changes
# The old files once more, on the file system of their targets: a revert there is rename(2) and needs no free block.
STASH=/etc/.bastionctl
LIBEXEC=/usr/local/libexec/bastionctl
UNITS=/etc/systemd/system
# Timer and service of a dated end of first login; also the name of the folder below /run that its program works in.
SUNSET=bastionctl-run-sunset

# clock: $NOW becomes the seconds since 1970, $STAMP the same as a date. Asked once a second: a change wants to know some twenty times.
clock() {
  read -r _up _ </proc/uptime
  [ "${_up%.*}" != "${CLOCKED-}" ] || return 0
  CLOCKED=${_up%.*} STAMP=$(date -u '+%s %Y-%m-%dT%H:%M:%SZ')
  NOW=${STAMP% *} STAMP=${STAMP#* }
}

epoch() {
  clock
  printf '%s\n' "$NOW"
}

# Milliseconds since boot, in steps of ten: for how long something took, without a program (proc(5)).
millis() {
  read -r _up _ </proc/uptime
  printf '%s\n' "${_up%.*}${_up#*.}0"
}

# Seconds since boot: a clock that nobody sets (proc(5)).
uptime_s() {
  read -r _up _ </proc/uptime
  printf '%s\n' "${_up%%.*}"
}

# within SECONDS COMMAND…: tried again until it succeeds; 1: not before the time was over. The last try may take longer.
within() {
  _end=$(($(uptime_s) + $1))
  shift
  until "$@"; do
    [ "$(uptime_s)" -lt "$_end" ] || return 1
    sleep 0.2
  done
}

# plainly TEXT…: $PLAIN becomes one line without a separator of the protocol, of at most 300 characters. Most texts are that already, and
# programs cost time.
plainly() {
  PLAIN=$*
  case $PLAIN in
  *[[:cntrl:]\|]*) PLAIN=$(printf '%s' "$PLAIN" | tr '\n\r\t|' '   /' | cut -c1-300) ;;
  *) [ "${#PLAIN}" -le 300 ] || PLAIN=$(printf '%s' "$PLAIN" | cut -c1-300) ;;
  esac
}

# plain TEXT…: prints it; nothing of nothing.
plain() {
  plainly "$@"
  [ -z "$PLAIN" ] || printf '%s\n' "$PLAIN"
}

# home_of NAME: of the account databases; 1: there is no such account.
home_of() {
  _home_of=$(getent passwd "$1") || return 1
  _home_of=${_home_of%:*}
  printf '%s\n' "${_home_of##*:}"
}

# new_home NAME: where useradd(8) makes one.
new_home() {
  _below=$(useradd -D 2>/dev/null)
  case $_below in
  *HOME=/*)
    _below=${_below#*HOME=}
    printf '%s/%s\n' "${_below%%"$NL"*}" "$1"
    ;;
  *) printf '/home/%s\n' "$1" ;;
  esac
}

# path_of PATTERN NAME HOME: with the tokens of sshd_config(5) filled in, which pam_google_authenticator(8) has two of.
path_of() {
  _left=$1 _filled=
  while :; do
    _filled=$_filled${_left%%\%*}
    case $_left in
    *%*) _left=${_left#*%} ;;
    *) break ;;
    esac
    case $_left in
    u*) _filled=$_filled$2 ;;
    h*) _filled=$_filled$3 ;;
    U*) _filled=$_filled$(getent passwd "$2" | cut -d: -f3) ;;
    %*) _filled=$_filled% ;;
    *)
      _filled=$_filled%
      continue
      ;;
    esac
    _left=${_left#?}
  done
  printf '%s\n' "$_filled"
}

# digits N: random ones, at most twelve: of 48 bits by the kernel (random(4)).
digits() {
  read -r _uuid </proc/sys/kernel/random/uuid
  _digits=00000000000$((0x${_uuid##*-}))
  while [ "${#_digits}" -gt "$1" ]; do _digits=${_digits#?}; done
  printf '%s\n' "$_digits"
}

# random_secret: 160 bits in base32, as a factor has them.
random_secret() { head -c 20 /dev/urandom | base32 | tr -d '='; }

# valued NAME FILE: $VALUE becomes the value of a key=value line, or nothing (1); data is read, never sourced.
valued() {
  while IFS='=' read -r _key VALUE; do
    [ "$_key" != "$1" ] || return 0
  done <"$2"
  VALUE=
  return 1
}

# value NAME FILE: prints it.
value() { valued "$@" && printf '%s\n' "$VALUE"; }
