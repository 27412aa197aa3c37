# shellcheck shell=sh
# What every on-host program relies on. Run Command gives no HOME, a service's PATH and umask 0022,
# and a systemd unit gives other ones again: nothing is inherited.

PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
HOME=/root
LC_ALL=C
export PATH HOME LC_ALL
unset LANG LANGUAGE CDPATH ENV BASH_ENV IFS SSH_AUTH_SOCK SSH_ASKPASS DISPLAY
umask 077

STATE=/var/lib/bastionctl
CHANGES=$STATE/changes
# The old files once more, on the file system of their targets: a revert there is rename(2) and needs no free block.
STASH=/etc/.bastionctl
LIBEXEC=/usr/local/libexec/bastionctl
UNITS=/etc/systemd/system
# Timer and service of a dated end of first login; also the name of the folder below /run that its program works in.
SUNSET=bastionctl-run-sunset

epoch() { date +%s; }

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

# One line, no separator of the protocol, at most 300 characters. Most texts are that already, and programs cost time.
plain() {
  _plain=$*
  case $_plain in
  '') ;;
  *[[:cntrl:]\|]*) printf '%s' "$_plain" | tr '\n\r\t|' '   /' | cut -c1-300 ;;
  *) if [ "${#_plain}" -le 300 ]; then printf '%s\n' "$_plain"; else printf '%s' "$_plain" | cut -c1-300; fi ;;
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

# value NAME FILE: the value of a key=value line; data is read, never sourced.
value() {
  while IFS='=' read -r _key _value; do
    [ "$_key" = "$1" ] && printf '%s\n' "$_value" && return 0
  done <"$2"
  return 1
}
