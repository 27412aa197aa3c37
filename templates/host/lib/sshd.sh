# shellcheck shell=sh
# The host's own sshd: where it is, how it runs, what its configuration really says.

sshd_binary() { command -v sshd || echo /usr/sbin/sshd; }

# sshd_service: its unit, the process id of its daemon (0: none) and whether that runs (yes, no), of one question to systemd: ssh.service on
# Debian and Ubuntu (sshd.service is an alias there), sshd.service elsewhere. Nothing where no unit file is there.
sshd_service() {
  systemctl show -p Id -p FragmentPath -p MainPID -p ActiveState ssh.service sshd.service 2>/dev/null | awk -F= '
    function flush() { if (is["FragmentPath"] != "") { print is["Id"], is["MainPID"] + 0, is["ActiveState"] ~ /^(active|reloading)$/ ? "yes" : "no"; exit }; split("", is) }
    NF < 2 { flush(); next }
    { is[$1] = $2 }
    END { flush() }'
}

sshd_unit() {
  _service=$(sshd_service)
  [ -n "$_service" ] && printf '%s\n' "${_service%% *}"
}

# sshd_pid: of its daemon, or 0.
sshd_pid() {
  _service=$(sshd_service)
  _service=${_service#* }
  printf '%s\n' "${_service%% *}"
}

sshd_socket_active() { systemctl -q is-active ssh.socket sshd.socket 2>/dev/null; }

# sshd_folder: Debian's sshd wants it to be there even for -t and -T. Its unit makes it at the start and takes it away at the stop, and
# under socket activation no sshd need have run yet. A running sshd that lacks it is broken, and stays so here.
sshd_folder() {
  if [ ! -d /run/sshd ] && sshd_socket_active && [ "$(sshd_unit)" = ssh.service ] && ! systemctl -q is-active ssh.service; then
    mkdir -m 0755 /run/sshd
  fi
}

# with_args FILE COMMAND…: runs COMMAND with the lines of FILE as further arguments.
with_args() {
  _args=$1
  shift
  while IFS= read -r _arg; do
    set -- "$@" "$_arg"
  done <"$_args"
  "$@"
}

# sshd_says USER ARGSFILE: `sshd -T` for a class of user, from loopback, in the file $SAID, which is good until the next question; an empty one
# where sshd says nothing (1). Without -C only `Match all` matches. Asked once a class where answers are kept (ask_anew).
sshd_says() {
  SAID=${SSHD_SAID:-$RUN/sshd-says}${SSHD_SAID:+/$1}
  if [ -n "${SSHD_SAID-}" ] && [ -e "$SAID" ]; then return 0; fi
  ask_sshd "$@" >"$SAID" && return 0
  rm -f "$SAID"
  SAID=/dev/null
  return 1
}

# sshd_refuses ARGSFILE: why sshd does not take its present files and these arguments, if it does not. Where it has said what it would do for root
# it has been through them: -T does all that -t does. A deprecated keyword is only a warning: what counts is the exit code.
sshd_refuses() {
  [ -z "${SSHD_SAID-}" ] || [ ! -e "$SSHD_SAID/root" ] || return 1
  _refused=$(with_args "$1" "$(sshd_binary)" -t 2>&1) && return 1
  plainly "$_refused"
}

# ask_sshd USER ARGSFILE [ORIGIN]: of several values for the same thing the last one counts. Where a Match line asks for the port or the
# address that a login comes to, sshd says nothing at all unless it is told these too. Under socket activation a daemon that ends takes its
# folder along, at any moment: once more then.
ask_sshd() {
  for _again in '' yes; do
    with_args "$2" "$(sshd_binary)" -T -C "user=$1,host=localhost,addr=127.0.0.1,laddr=127.0.0.1,lport=${SSHD_PORT:-22}${3:+,$3}" && return 0
    [ ! -d /run/sshd ] && sshd_folder && [ -d /run/sshd ] || return 1
  done
  return 1
}

# ask_at_port ARGSFILE: from here on, in programs that this starts too, sshd is asked about logins to the port at which it is reached. What it
# has said of root is kept with the other answers, unless that was about another port.
ask_at_port() {
  sshd_says root "$1" 2>/dev/null
  _at=$(target_in "$SAID")
  _at=${_at#* }
  [ -z "${SSHD_SAID-}" ] || [ "$_at" = "${SSHD_PORT:-22}" ] || rm -f "$SSHD_SAID/root"
  export SSHD_PORT="$_at"
}

# ask_anew FOLDER: from here on sshd's answers are kept in FOLDER, which is new: to be called whenever what they depend on has changed
# (files, groups). Without a FOLDER it is asked each time.
ask_anew() {
  SSHD_SAID=${1-}
  [ -d "${SSHD_SAID:-/}" ] || mkdir -p "$SSHD_SAID"
}

# sshd_judges ROWS ARGSFILE ORIGINS: what `sshd -T` has for each row of ROWS, account|keyword|wanted|where[|…]: yes|has||row or no|has||row,
# in lower case, which is how both are compared (mixed from 10.5 on). A list that sshd adds up, such as AllowGroups, has a line a word. One
# question an account from loopback and one from each of ORIGINS: of a row that holds anywhere, no|has|origin|row in front for each from
# where sshd says something else again. What was recorded by a name of before OpenSSH 8.5 or 8.7 may have the newer one by now; and up to
# 10.0 sshd prints without-password where later ones have prohibit-password.
sshd_judges() {
  awk -F'|' '!seen[$1]++ { print $1 }' "$1" | while read -r _class; do
    sshd_says "$_class" "$2" 2>/dev/null
    while read -r _origin; do
      echo "= $_origin"
      ask_sshd "$_class" "$2" "$_origin" 2>/dev/null
    done <"$3" | CLASS=$_class awk -F'|' '
      rows == "" {
        at = index($0, " ")
        keyword = tolower(substr($0, 1, at - 1))
        value = tolower(substr($0, at + 1))
        if (keyword == "=") { from = value; next }
        if (from != asked[n]) asked[++n] = from
        has[from, keyword] = has[from, keyword] ((from, keyword) in has && has[from, keyword] != "" ? " " : "") value
        next
      }
      function says(from, name) {
        if (!((from, name) in has) && !sub(/keytypes$/, "algorithms", name)) sub(/^challengeresponse/, "kbdinteractive", name)
        return has[from, name]
      }
      function word(value) {
        if ($2 == "permitrootlogin") sub(/^prohibit-/, "without-", value)
        return value
      }
      function judged(from,   told, met) {
        told = says(from, $2)
        met = word(told) == word(tolower($3))
        if (from != "" && (met || told == says("", $2))) return
        gsub(/[|\t]/, "/", told)
        print (met ? "yes" : "no") "|" told "|" from "|" $0
      }
      $1 == ENVIRON["CLASS"] {
        for (i = 1; $4 == "any" && i <= n; i++) judged(asked[i])
        judged("")
      }' "$SAID" - rows=1 "$1"
  done
}

# sshd_version: such as 9.2p1.
sshd_version() {
  _says=$(ssh -V 2>&1)
  case $_says in
  OpenSSH_[0-9]*)
    _says=${_says#OpenSSH_}
    printf '%s\n' "${_says%%[!0-9.p]*}"
    ;;
  *) ;;
  esac
}

# Where the listener answers from this host: a loopback address unless ListenAddress names another.
sshd_target() {
  ask_sshd root "$1" 2>/dev/null | target_in -
}

# target_in FILE: of what `sshd -T` has said. IPv6 only where there is nothing else: it has one loopback address.
target_in() {
  _listen=$(awk '$1 == "listenaddress" { if (at == "" || at ~ /^[[]/ && $2 !~ /^[[]/) at = $2 } END { print at }' "$1")
  _port=${_listen##*:}
  case ${_listen%:*} in
  0.0.0.0 | '') printf '127.0.0.1 %s\n' "${_port:-22}" ;;
  '[::]') printf '::1 %s\n' "$_port" ;;
  *) printf '%s %s\n' "${_listen%:*}" "$_port" | tr -d '[]' ;;
  esac
}

# source_of N: where the Nth connection to $TARGET comes from: from 127.9.0.1 and on, or from itself where it speaks IPv6.
source_of() {
  case $TARGET in
  *:*) printf '%s\n' "$TARGET" ;;
  *) printf '127.9.%d.%d\n' "$(($1 / 250))" "$((1 + $1 % 250))" ;;
  esac
}

# reload_sshd: never restart while it runs; SIGHUP with a bad file would close the port, so -t comes first.
# Socket activation may mean that no daemon runs: the next connection reads the files anyway.
reload_sshd() {
  sshd_folder
  _test=$("$(sshd_binary)" -t 2>&1) || { plain "sshd -t: $_test"; return 1; }
  _runs=$(sshd_service)
  _unit=${_runs%% *}
  if [ "${_runs##* }" = yes ]; then
    _said=$(systemctl reload "$_unit" 2>&1) && return 0
    # systemd says that it failed, sshd says why.
    sshd_folder
    _test=$("$(sshd_binary)" -t 2>&1) || { plain "sshd -t: $_test"; return 1; }
    # An sshd that was handed its socket may lose it at SIGHUP and end ("Cannot bind any address", seen on Debian 13): systemd still has it.
    if ! sshd_socket_active || systemctl -q is-active "$_unit"; then
      plain "$_said"
      return 1
    fi
  elif sshd_socket_active; then
    return 0
  fi
  systemctl reset-failed "$_unit" 2>/dev/null
  systemctl start "$_unit" 2>&1
}

# answers TARGET PORT: a new TCP connection gets sshd's banner, within 12 s.
answers() { within 10 greets "$1" "$2"; }

# One key type, one connection; the greeting is shown whether or not the host has such a key.
greets() { ssh-keyscan -T 2 -t rsa -p "$2" "$1" 2>&1 | grep -q SSH-2.0; }

# outdated: a hint where the running daemon's program was replaced: it cuts every connection if the new one does not fit (re-exec).
outdated() {
  case $(readlink "/proc/$(sshd_pid)/exe" 2>/dev/null) in
  *' (deleted)') printf ': its program was replaced while it ran, and it may have to be restarted' ;;
  *) ;;
  esac
}
