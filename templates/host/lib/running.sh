# shellcheck shell=sh
# Whether the sshd that runs is the one that its program, its unit and its files on disk would make, for verify alone.

# replaced: the program of the running sshd, where another one is in its place on disk now: path|since. What is started anew for each
# connection is the one on disk (re-exec), and need not fit the one that listens. The same bytes installed anew do.
replaced() {
  _pid=$(sshd_pid)
  [ "${_pid:-0}" != 0 ] && [ -r "/proc/$_pid/cmdline" ] || return 0
  # By the name that it was started by: a file that was moved away keeps its link in /proc.
  _path=$(tr '\0' ' ' <"/proc/$_pid/cmdline" | sed -e 's/^[a-z-]*: //' -e 's/ .*//')
  case $_path in
  /*) ;;
  *) _path=$(readlink "/proc/$_pid/exe") && _path=${_path% (deleted)} ;;
  esac
  if [ "$(digest "/proc/$_pid/exe")" != "$(digest "$_path")" ]; then
    printf '%s|%s\n' "$_path" "$(stat -c %Z "$_path" 2>/dev/null || echo 0)"
  fi
}

# unread_unit: sshd's unit, where systemd has not read it as it is on disk: what it starts next is not known (systemctl(1), daemon-reload).
unread_unit() {
  case $(systemctl show -p NeedDaemonReload "${SSHD_SERVICE%% *}" 2>/dev/null) in
  *=yes) printf '%s\n' "${SSHD_SERVICE%% *}" ;;
  *) ;;
  esac
}

# behind: what the sshd that answers proposes and goes on with otherwise than one that is started for this question does, of the files as they are:
# what|by the one that runs|by its files. It has not read them since they changed, or has read others that went again. No login is tried.
behind() {
  client_config >"$RUN/ssh_config"
  ARGS=$RUN/sshd-args
  _to=$(sshd_target "$ARGS")
  TARGET=${_to% *} PORT=${_to#* }
  offered -o BindAddress="$(source_of "$((4500 + 1$(digits 3) % 250))")" -p "$PORT" "root@$TARGET" >"$RUN/offers-running"
  # Busy, or not there: others say so.
  grep -q '^methods|' "$RUN/offers-running" || return 0
  # It has no peer, so "UNKNOWN" would be looked up, 20 seconds where the resolver is dead.
  { cat /etc/hosts && printf '127.0.0.1 UNKNOWN\n'; } >"$RUN/hosts"
  # shellcheck disable=SC2016 # it is the inner shell that expands
  unshare -m --propagation private sh -c '
    mount --bind "$1/hosts" /etc/hosts || exit
    for lib in env sshd running; do . "$1/lib/$lib.sh"; done
    RUN=$1
    offered -o ProxyCommand="/bin/sh $1/lib/proxy.sh $1/sshd-args" root@files' sh "$RUN" >"$RUN/offers-files"
  grep -q '^methods|' "$RUN/offers-files" || return 0
  # Where Match lines ask where a login comes from, that one comes from nowhere.
  awk -F'|' -v OFS='|' -v placed="$([ ! -s "$RUN/origins" ] || echo yes)" '
    NR == FNR { running[$1] = $2; next }
    $1 in running && running[$1] != $2 && !($1 == "methods" && placed) { print $1, running[$1], $2 }' "$RUN/offers-running" "$RUN/offers-files"
}

# offered SSH-ARGUMENT…: what|list of each that the server proposes, and of the methods that it names (RFC 4253, 7.1; RFC 4252, 5.1).
offered() {
  timeout 15 ssh -vv -F "$RUN/ssh_config" -o BatchMode=yes -o PreferredAuthentications=none "$@" true 2>&1 </dev/null | awk -v OFS='|' '
    { sub(/\r$/, "") }
    /^debug2: peer server KEXINIT proposal/ { server = 1; next }
    server && /^debug2: (KEX|host key) algorithms: |^debug2: (ciphers|MACs) stoc: / {
      sub(/^debug2: /, "")
      at = index($0, ": ")
      print tolower(substr($0, 1, at - 1)), substr($0, at + 2)
    }
    /^debug1: SSH2_MSG_NEWKEYS sent/ { server = 0 }
    /^debug1: Authentications that can continue: / { sub(/.*: /, ""); print "methods", $0; exit }'
}
