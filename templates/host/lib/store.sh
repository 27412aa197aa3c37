# shellcheck shell=sh
# Where factors are kept on this host, of the places that a method knows.

# store_of STACK STORES SELINUX: the stack names the place that is not its default. Without one it is what would be chosen: root's where SELinux
# is enforcing, and where root keeps factors already, since disable-mfa leaves them, and what is in homes meanwhile is anybody's.
store_of() {
  _store=$(while IFS='|' read -r _name _place; do
    _place=${_place%%%*}
    [ -z "$_place" ] || ! grep -qsF "$_place" "$1" || echo "$_name"
  done <"$2")
  if [ -z "$_store" ]; then
    _store=home
    if [ ! -e "$1" ] && { [ "$3" = enforcing ] || root_keeps <"$2"; }; then _store=root; fi
  fi
  printf '%s\n' "$_store"
}

# root_keeps <STORES: a factor of somebody who is there.
root_keeps() {
  while IFS='|' read -r _ _place; do
    case $_place in
    /*/%u) ;;
    *) continue ;;
    esac
    for _kept in "${_place%/*}"/*; do
      [ ! -f "$_kept" ] || ! getent passwd "${_kept##*/}" >/dev/null || return 0
    done
  done
  return 1
}
