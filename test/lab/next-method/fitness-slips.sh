# shellcheck shell=sh

fitness() {
  [ -e "$1" ] || return 1
  [ -s "$1" ] || echo empty
}
