# shellcheck shell=sh
# ssh's ProxyCommand in a rehearsal: sshd on standard input and output, with the running daemon's arguments. What it dies of is on standard
# error, and so in the client's log: that PAM has refused an account is said nowhere else.
# usage: proxy.sh ARGSFILE
while IFS= read -r arg; do
  set -- "$@" "$arg"
done <"$1"
shift
exec "$(command -v sshd || echo /usr/sbin/sshd)" -i -e -o LogLevel=FATAL "$@"
