# shellcheck shell=sh
# The on-host side of bastionctl: one program, sent in one command, run as a transient unit so that it can be stopped whole.
# usage: main.sh UNIT      data/verb says what is asked: inspect|verify|change|confirm|extend|roll-back|history|seal
RUN=$(pwd)
UNIT=$1
# shellcheck disable=SC1091
for lib in env files state sshd sshd-args steps answer; do . "$RUN/lib/$lib.sh"; done
# The agent may be gone when this writes its answer: the change goes on, and the guard decides.
trap '' PIPE
sshd_folder
verb=
read -r verb <"$RUN/data/verb" || true
case $verb in
inspect | verify | change | confirm | extend | roll-back | history | seal)
  # shellcheck disable=SC1090
  . "$RUN/$verb.sh"
  ;;
*) answer refused protocol "unknown verb $verb" ;;
esac
