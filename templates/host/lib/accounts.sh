# shellcheck shell=sh
# The throw-away accounts of a proof. Their names are on record before they exist, so that the guard can take them away.
# Account databases are never put back as files: others may have changed them meanwhile.

# make_probe ID NAME GROUP: an ordinary account without a password, with a home and nothing in it.
make_probe() {
  printf '%s\n' "$2" >>"$CHANGES/$1/accounts" && durable "$CHANGES/$1/accounts" || return 1
  [ -e "$CHANGES/$1/no-twins" ] || for _db in passwd shadow group gshadow subuid subgid; do
    [ -e "/etc/$_db-" ] || printf '/etc/%s-\n' "$_db"
  done >"$CHANGES/$1/no-twins"
  _base=$(useradd -D 2>/dev/null | sed -n 's/^HOME=//p')
  _home=${_base:-/home}/$2
  # No group of its own. Subordinate ids cannot be declined on shadow 4.8: they go with the account.
  useradd -M -N -g "$3" -d "$_home" -s /bin/sh -c 'bastionctl proof, removed after it' \
    "$2" 2>&1 9>&- || return 1
  mkdir -m 0700 "$_home" && chown "$2:" "$_home" && relabel "$_home"
}

# remove_probes ID: accounts, homes, processes, and their lines in the `-` twins that useradd and userdel leave.
# 1: something of them is left.
remove_probes() {
  [ -s "$CHANGES/$1/accounts" ] || return 0
  _left=
  clear_locks
  while read -r _probe; do
    case $_probe in
    bctl-*[!a-z0-9-]*) continue ;;
    bctl-?*) ;;
    *) continue ;;
    esac
    _entry=$(getent passwd "$_probe") || _entry=
    if [ -n "$_entry" ]; then
      _uid=$(printf '%s' "$_entry" | cut -d: -f3)
      _home=$(printf '%s' "$_entry" | cut -d: -f6)
      loginctl terminate-user "$_probe" 2>/dev/null
      pkill -KILL -U "$_uid" 2>/dev/null
      userdel -f "$_probe" >/dev/null 2>&1 9>&- || true
      case $_home in
      */"$_probe") rm -rf "$_home" ;;
      *) ;;
      esac
    fi
    for _db in passwd shadow group gshadow subuid subgid; do
      for _file in "/etc/$_db" "/etc/$_db-"; do
        ! grep -qs "^$_probe:" "$_file" || drop_line "$_file" "$_probe" || _left="$_left $_file"
      done
    done
    rm -rf "/var/mail/$_probe" "/var/spool/mail/$_probe"
  done <"$CHANGES/$1/accounts"
  while read -r _file; do
    case $_file in
    /etc/*-) rm -f "$_file" ;;
    *) ;;
    esac
  done <"$CHANGES/$1/no-twins"
  if [ -n "$_left" ]; then
    echo "a throw-away account is left in$_left"
    return 1
  fi
  # The databases' new versions are renamed into place by others: on disk before the names are forgotten.
  sync /etc && rm -f "$CHANGES/$1/accounts" "$CHANGES/$1/no-twins"
}

# drop_line FILE NAME: the file without the account's line, or as it was.
drop_line() {
  _temp=$1.bastionctl-new
  if cp -p --preserve=all "$1" "$_temp" && { grep -v "^$2:" "$1" >"$_temp" || [ $? -eq 1 ]; } &&
    ! grep -q "^$2:" "$_temp" && sync "$_temp" && mv -f "$_temp" "$1"; then
    return 0
  fi
  rm -f "$_temp"
  return 1
}

# clear_locks: useradd and userdel that were killed leave locks behind, which refuse the next one once their number is somebody
# else's, and half-written versions.
clear_locks() {
  for _db in passwd shadow group gshadow subuid subgid; do
    rm -f "/etc/$_db.bastionctl-new" "/etc/$_db-.bastionctl-new"
    [ -e "/etc/$_db.lock" ] || continue
    _pid=$(tr -cd 0-9 <"/etc/$_db.lock")
    kill -0 "${_pid:-none}" 2>/dev/null || rm -f "/etc/$_db.lock" "/etc/$_db+" "/etc/$_db.$_pid"
  done
}
