# shellcheck shell=sh
# The throw-away accounts of a proof. Their names are on record before they exist, so that the guard can take them away.
# Account databases are never put back as files: others may have changed them meanwhile.

# make_probe ID NAME GROUP: an ordinary account without a password, with a home that is root's yet and nothing in it.
make_probe() {
  _home=$(new_home "$2")
  printf '%s %s\n' "$2" "$_home" >>"$CHANGES/$1/accounts" && durable "$CHANGES/$1/accounts" || return 1
  [ -e "$CHANGES/$1/no-twins" ] || for _db in passwd shadow group gshadow subuid subgid; do
    [ -e "/etc/$_db-" ] || printf '/etc/%s-\n' "$_db"
  done >"$CHANGES/$1/no-twins"
  # No group of its own. Subordinate ids cannot be declined on shadow 4.8: they go with the account.
  useradd -M -N -g "$3" -d "$_home" -s /bin/sh -c 'bastionctl proof, removed after it' \
    "$2" 2>&1 9>&- || return 1
  mkdir -m 0700 "$_home"
}

# note_stray ID PATH: what a throw-away account has outside of its home is on record before it is there.
note_stray() {
  printf '%s\n' "$2" >>"$CHANGES/$1/strays" && durable "$CHANGES/$1/strays"
}

drop_strays() {
  [ -s "$CHANGES/$1/strays" ] || return 0
  while read -r _stray; do
    case $_stray in
    */bctl-*) rm -f "$_stray" "$_stray.bastionctl-new" || return 1 ;;
    *) ;;
    esac
  done <"$CHANGES/$1/strays"
  rm -f "$CHANGES/$1/strays"
}

# remove_probes ID: accounts, homes, processes, and their lines in the `-` twins that useradd and userdel leave.
# 1: something of them is left.
remove_probes() {
  drop_strays "$1" || return 1
  [ -s "$CHANGES/$1/accounts" ] || return 0
  _left='' _probes=bctl-
  clear_locks
  while read -r _probe _home; do
    case $_probe in
    bctl-*[!a-z0-9-]*) continue ;;
    bctl-?*) ;;
    *) continue ;;
    esac
    if _uid=$(getent passwd "$_probe"); then
      _uid=${_uid#*:*:} && _uid=${_uid%%:*}
      loginctl terminate-user "$_probe" 2>/dev/null
      pkill -KILL -U "$_uid" 2>/dev/null
      userdel -f "$_probe" >/dev/null 2>&1 9>&- || true
    fi
    # The account may be gone already, and its home not.
    case $_home in
    */"$_probe")
      rm -rf "$_home" "/var/mail/$_probe" "/var/spool/mail/$_probe" && sync "${_home%/*}" || _left="$_left $_home"
      ;;
    *) rm -rf "/var/mail/$_probe" "/var/spool/mail/$_probe" ;;
    esac
    _probes="$_probes|$_probe"
  done <"$CHANGES/$1/accounts"
  [ ! -r "$CHANGES/$1/no-twins" ] || grep '^/etc/[a-z]*-$' "$CHANGES/$1/no-twins" | xargs -r rm -f --
  strip "$_probes" || _left="$_left $_base"
  if [ -n "$_left" ]; then
    echo "a throw-away account is left:$_left"
    return 1
  fi
  # The databases' new versions are renamed into place by others: on disk before the names are forgotten.
  sync /etc && rm -f "$CHANGES/$1/accounts" "$CHANGES/$1/no-twins"
}

# abandoned FILE PID: whoever made it is dead, or was before the last start, whose pid may be somebody else's by now.
abandoned() { ! kill -0 "$2" 2>/dev/null || [ "$(stat -c %Y "$1")" -lt "$(sed -n 's/^btime //p' /proc/stat)" ]; }

# clear_locks: useradd and userdel that died leave half-written versions behind, and locks, which refuse the next one once their
# number is somebody else's.
clear_locks() {
  set --
  for _db in passwd shadow group gshadow subuid subgid; do
    set -- "$@" "/etc/$_db.bastionctl-new" "/etc/$_db-.bastionctl-new"
  done
  rm -f "$@"
  for _db in passwd shadow group gshadow subuid subgid; do
    if [ -e "/etc/$_db.lock" ]; then
      _pid=$(tr -cd 0-9 <"/etc/$_db.lock")
      ! abandoned "/etc/$_db.lock" "${_pid:-none}" || rm -f "/etc/$_db.lock" "/etc/$_db.$_pid"
    fi
    for _stale in "/etc/$_db."[0-9]*; do
      # Others keep copies with a date in the name there.
      case ${_stale##*.} in
      *[!0-9]*) continue ;;
      *) ;;
      esac
      if [ "$(head -c 12 "$_stale" | tr -cd 0-9)" = "${_stale##*.}" ] && abandoned "$_stale" "${_stale##*.}"; then rm -f "$_stale"; fi
    done
    # Under the lock as they take it themselves (lckpwdf(3) is for libraries).
    if [ -e "/etc/$_db+" ] && echo $$ >"/etc/$_db.$$"; then
      ! ln "/etc/$_db.$$" "/etc/$_db.lock" 2>/dev/null || rm -f "/etc/$_db+" "/etc/$_db.lock"
      rm -f "/etc/$_db.$$"
    fi
  done
}
