# shellcheck shell=sh
# Every key of every account, offered to the present sshd in a private view: what it accepts, from sshd itself. Run by inspect.sh under
# `unshare -m`; writes nothing but the result.      usage: who.sh RUN RESULT
RUN=$1
# shellcheck disable=SC1091
for lib in env files sshd login offers view; do . "$RUN/lib/$lib.sh"; done
ARGS=$RUN/sshd-args
enter_work && open_view && offers view "$RUN/keys" "$2"
