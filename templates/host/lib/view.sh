# shellcheck shell=sh
# The private view: the host as it is, where every write lands on a tmpfs that ends with this mount namespace.

# shadow DIR: writes below DIR are private from now on; covered PATH tells whether they are. Owner and mode of the top folder are kept, since StrictModes judges a home by them.
SHADOWS=0
shadow() {
  SHADOWS=$((SHADOWS + 1))
  _upper=$WORK/shadow-$SHADOWS
  _top=$(stat -L -c '%a %u %g' "$1") && led_to "$1" || return 1
  # shellcheck disable=SC2086 # three numbers
  set -- "$1" $_top
  install -d -m "$2" -o "$3" -g "$4" "$_upper" "$_upper/up" "$_upper/work" || return 1
  if mount -t overlay overlay -o "lowerdir=$1,upperdir=$_upper/up,workdir=$_upper/work" "$1" 2>/dev/null; then
    printf '%s\n' "$LED" >>"$WORK/shadowed"
    return 0
  fi
  # No overlayfs, or a file system that it does not take as a lower layer: a copy, bind-mounted.
  case $1 in
  # Only login records are written there, and none is read; but nothing is ever installed without a layer over all of it.
  /var/log) ;;
  /var/lib) return 0 ;;
  # All homes at once are too much to copy.
  /var/cache | /usr | /lib | /home | /var/spool | /var/mail) return 1 ;;
  /etc) cp -a "$1/." "$_upper/up/" ;;
  *)
    for _entry in .ssh .google_authenticator .profile .bash_profile .bashrc .bash_login; do
      [ ! -e "$1/$_entry" ] || cp -a "$1/$_entry" "$_upper/up/"
    done
    ;;
  esac && mount --bind "$_upper/up" "$1" && printf '%s\n' "$LED" >>"$WORK/shadowed"
}

# led_to PATH: $LED becomes what it is without links, whether or not it is there: by the shell itself but for a last link.
led_to() {
  LED=
  case $1 in
  */ | */. | */..) LED=$(cd -P "$1" 2>/dev/null && pwd -P) ;;
  *) [ -L "$1" ] || { LED=$(cd -P "${1%/*}/" 2>/dev/null && pwd -P) && LED=${LED%/}/${1##*/}; } ;;
  esac
  : "${LED:=$(readlink -m "$1")}"
}

# Links are followed: what they lead to is what would be written.
covered() {
  led_to "$1"
  _want=$LED
  while read -r _shadowed; do
    case $_want in
    "$_shadowed" | "$_shadowed"/*) return 0 ;;
    *) ;;
    esac
  done <"$WORK/shadowed"
  return 1
}

# shadow_file PATH: for files that lie neither in a home nor in /etc: their whole folder is made private.
shadow_file() {
  covered "$1" && return 0
  _folder=${1%/*}
  [ -d "$_folder" ] || return 1
  _upper=$WORK/whole-$SHADOWS
  SHADOWS=$((SHADOWS + 1))
  mkdir -p "$_upper" && cp -a "$_folder/." "$_upper/" && chown --reference="$_folder" "$_upper" && chmod --reference="$_folder" "$_upper" &&
    mount --bind "$_upper" "$_folder" && led_to "$_folder" && printf '%s\n' "$LED" >>"$WORK/shadowed" && covered "$1"
}

sssd='/var/lib/sss/pipes /var/lib/sss/mc'

# mirrored: sssd answers for people of the roster whom /etc/passwd has, as RHEL 8's does by itself: for the live accounts, and not the view's. To be
# asked while it can be reached.
mirrored() {
  [ -s "$RUN/data/roster" ] || return 1
  cut -d'|' -f1 "$RUN/data/roster" >"$WORK/names"
  cut -d: -f1 /etc/passwd | grep -xFf "$WORK/names" | xargs -r -d '\n' getent -s sss passwd -- 2>/dev/null | grep -q .
}

# open_view: to be called after enter_work.
open_view() {
  shadow /etc || return 1
  # sssd answers by sockets, to which no overlay lets anybody connect (and by a cache that it writes): so they are kept beside it, or go.
  mirrored || for _folder in $sssd; do
    [ ! -d "$_folder" ] || { mkdir -p "$WORK/live$_folder" && mount --rbind "$_folder" "$WORK/live$_folder"; } || return 1
  done
  for _folder in /var/log /var/lib; do
    shadow "$_folder" || return 1
  done
  for _folder in $sssd; do
    if [ -d "$WORK/live$_folder" ]; then mount --rbind "$WORK/live$_folder" "$_folder" || return 1
    elif [ -d "$_folder" ]; then mount -t tmpfs -o mode=0755,size=1m bastionctl "$_folder" || return 1
    fi
  done
  # Who fails here on purpose is not locked for it (faillock.conf(5)).
  for _folder in /run/faillock $(sed -n 's/^[[:space:]]*dir[[:space:]]*=[[:space:]]*//p' /etc/security/faillock.conf 2>/dev/null); do
    [ ! -d "$_folder" ] || covered "$_folder/." || shadow "$_folder" || return 1
  done
  # Without logind and the journal a rehearsed login starts no user manager and writes no log line that a ban could be made of.
  # What they would have said is for the live proof.
  if [ -d /run/systemd ]; then mount -t tmpfs -o mode=0755,size=1m bastionctl /run/systemd || return 1; fi
  # Nor does any message of the day, whose scripts take a second on Ubuntu and leave a file in /run (pam_motd(8)).
  if [ -d /etc/update-motd.d ]; then mount -t tmpfs -o mode=0755,size=1m bastionctl /etc/update-motd.d || return 1; fi
  # A cache of the live accounts would answer for the view's.
  if [ -d /run/nscd ]; then mount -t tmpfs -o mode=0755,size=1m bastionctl /run/nscd || return 1; fi
  # `sshd -i` has no peer: PAM and audit would look "UNKNOWN" up, 20 seconds each where the resolver is dead.
  printf '127.0.0.1 UNKNOWN %s\n' "$(uname -n)" >>/etc/hosts
}

# view_account ACCOUNT HOME: a private home with the throw-away key at the place where sshd really looks.
view_account() {
  case $2 in
  /?*) [ -d "$2" ] || return 1 ;;
  *) return 1 ;;
  esac
  covered "$2/." || shadow "$2" || return 1
  _file=$(keys_path "$1" "$2") || return 1
  shadow_file "$_file" || return 1
  for _place in "$FACTOR" ${FACTOR_BEFORE:+"$FACTOR_BEFORE"}; do
    _place=$(path_of "$_place" "$1" "$2")
    [ ! -d "${_place%/*}" ] || shadow_file "$_place" || return 1
  done
  # A last line without a newline would swallow the key. By the owner, whose processes may be at work there; a file that is root's, by root.
  { echo && cat "$WORK/key.pub"; } >"$WORK/lent-line"
  # shellcheck disable=SC2016 # it is the inner shell that expands
  as_owner "$1" /bin/sh -c 'umask 077 && mkdir -p "${0%/*}" && cat >>"$0"' "$_file" <"$WORK/lent-line" >/dev/null 2>&1 ||
    { [ "$(stat -Lc %u "$_file")" = 0 ] && cat "$WORK/lent-line" >>"$_file"; }
}

# view_people: where useradd makes homes and mail boxes, and the homes of those whom the change is about.
view_people() {
  _first=$(new_home nobody)
  shadow "${_first%/*}" || return 1
  for _folder in /var/spool /var/mail; do
    [ -L "$_folder" ] || [ ! -d "$_folder" ] || shadow "$_folder" || return 1
  done
  each_person "$RUN/data/roster" view_person
}

view_person() {
  _dir=$(home_of "$_name")
  [ -z "$_dir" ] || [ ! -d "$_dir" ] || covered "$_dir/." || shadow "$_dir"
}

# view_packages: installs what the plan needs into the view alone.
view_packages() {
  for _folder in /usr /lib /var/cache; do
    # /lib is a link into /usr but on old installations.
    [ -L "$_folder" ] || [ ! -d "$_folder" ] || shadow "$_folder" || return 1
  done
  install_packages 2>&1
}

# stage [FOLDER]: the planned files at their real paths. What is not private becomes it first.
stage() {
  _data=${1:-$RUN/data}
  while IFS='|' read -r _path _action _fmode _owner _group _before _after; do
    _folder=${_path%/*}
    while [ ! -d "$_folder" ]; do _folder=${_folder%/*}; done
    covered "$_folder" || { shadow "$_folder" && covered "$_folder"; } || return 1
    if [ "$_after" = absent ]; then
      rm -f "$_path"
    else
      { [ -d "${_path%/*}" ] || mkdir -p "${_path%/*}"; } && cat "$_data/content$_path" >"$_path" && chown "$_owner:$_group" "$_path" && chmod "$_fmode" "$_path"
    fi || return 1
  done <"$_data/files"
}

# canary: a mark in the staged bytes (of a file of settings: the banner is none) that sshd has to show, or this rehearsal did not read them.
canary() {
  CANARY=bastionctl-$(digits 12)
  _into=$(awk -F'|' '$1 ~ /^\/etc\/ssh\/sshd_config/ && $7 != "absent" { print $1; exit }' "$RUN/data/files")
  : "${_into:=/etc/ssh/sshd_config}"
  { printf 'VersionAddendum %s\n' "$CANARY" && cat "$_into"; } >"$WORK/canary" && cat "$WORK/canary" >"$_into" || return 1
  sshd_says root "$ARGS" 2>/dev/null && grep -q "^versionaddendum $CANARY\$" "$SAID" && return 0
  # What sshd says of a line is to be right.
  sed 1d "$WORK/canary" >"$_into"
  return 1
}
