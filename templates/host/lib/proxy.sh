# shellcheck shell=sh
# ssh's ProxyCommand in a rehearsal: sshd on standard input and output, with the running daemon's arguments.
# usage: proxy.sh ARGSFILE
while IFS= read -r arg; do
  set -- "$@" "$arg"
done <"$1"
shift
exec "$(command -v sshd || echo /usr/sbin/sshd)" -i -o LogLevel=QUIET "$@"
