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
remove_probes() {
  [ -s "$CHANGES/$1/accounts" ] || return 0
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
        grep -qs "^$_probe:" "$_file" && drop_line "$_file" "$_probe"
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
  rm -f "$CHANGES/$1/accounts" "$CHANGES/$1/no-twins"
}

drop_line() {
  cp -p --preserve=all "$1" "$1.bastionctl-new" && grep -v "^$2:" "$1" >"$1.bastionctl-new"
  sync "$1.bastionctl-new" && mv -f "$1.bastionctl-new" "$1"
}
