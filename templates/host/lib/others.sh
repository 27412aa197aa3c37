# shellcheck shell=sh
# Other sshds of the same program that listen on this host, as some keep one at another port: they may read what a change writes.

# other_sshds: the command line of each. $SSHD_SERVICE is what sshd_service has said.
# shellcheck disable=SC3013 # -ef, as in state.sh
other_sshds() {
  _ours=${SSHD_SERVICE#* } _ours=${_ours%% *} _sshd=$(sshd_binary)
  for _process in /proc/[0-9]*; do
    [ "$_process/exe" -ef "$_sshd" ] || continue
    [ "${_process#/proc/}" != "${_ours:-0}" ] || continue
    # What a listener starts for a connection has its title at first.
    read -r _ _ _ _parent _ 2>/dev/null <"$_process/stat" || continue
    [ ! "/proc/$_parent/exe" -ef "$_sshd" ] || continue
    other_title "$(tr '\0' ' ' 2>/dev/null <"$_process/cmdline")"
  done | sort -u
}

# other_title CMDLINE: of a listener without what sshd puts around it (sshd.c, server_accept_loop); nothing of a connection's process.
other_title() {
  case $1 in
  *'[listener]'*)
    _title=${1#sshd: }
    printf '%s\n' "${_title%% \[listener\]*}"
    ;;
  '' | 'sshd: '* | *' -i '* | *' -R '* | *' -t '* | *' -T '*) ;;
  *) printf '%s\n' "${1% }" ;;
  esac
}
