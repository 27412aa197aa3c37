# shellcheck shell=sh
# Real logins with a throw-away key and a throw-away factor, through the listener or through `sshd -i` in a private view.
# Works in $WORK, a tmpfs that may execute (askpass is a program; /run is noexec on cloud images), inside a mount namespace of its own.
#   $RUN  the run's folder (results go there)   $ARGS  the daemon's arguments, one a line

# enter_work: $WORK becomes an empty executable tmpfs that only this mount namespace sees.
enter_work() {
  WORK=$RUN/work
  mkdir -p "$WORK" && mount -t tmpfs -o mode=0755,exec,nosuid,nodev,size=50% bastionctl "$WORK" || return 1
  [ -s "$RUN/ssh_config" ] || client_config >"$RUN/ssh_config"
}

# client_config: keeps everything of the host's and the operator's own ssh configuration out. The cheapest key exchange that both sides
# know comes first: which one it is decides no login, and the post-quantum one costs OpenSSH 9.2 80 ms a connection. What this ssh knows and
# signs with no longer (DSA, SHA-1) comes last: sshd may take it still. The name is the one that releases before 8.5 know too.
client_config() {
  printf '%s\n' 'IdentitiesOnly yes' 'IdentityAgent none' 'ControlMaster no' 'ControlPath none' 'StrictHostKeyChecking no' \
    'UserKnownHostsFile /dev/null' 'GlobalKnownHostsFile /dev/null' 'ConnectTimeout 10' 'PubkeyAcceptedKeyTypes +*'
  _kex=$(ssh -F none -G localhost 2>/dev/null | sed -n 's/^kexalgorithms //p')
  # A leading ^ would do, but not before 8.1.
  case ,$_kex, in
  *,curve25519-sha256,*) printf 'KexAlgorithms curve25519-sha256,%s\n' "$_kex" ;;
  *) ;;
  esac
}

# make_key: the throw-away key pair, of a type that the effective configuration accepts.
make_key() {
  case $1 in
  *ssh-ed25519*) _type=ed25519 ;;
  *ecdsa-sha2-nistp256*) _type=ecdsa ;;
  *) _type=rsa ;;
  esac
  ssh-keygen -q -t "$_type" -N '' -C bastionctl-throw-away -f "$WORK/key"
}

# factor_path ACCOUNT HOME: where the method keeps the account's factor; the plan names it with %u and %h.
factor_path() { path_of "$FACTOR" "$1" "$2"; }

# keys_path ACCOUNT HOME: the first authorized_keys file that sshd would read for the account.
keys_path() {
  sshd_says "$1" "$ARGS" 2>/dev/null
  _first=$(sed -n 's/^authorizedkeysfile \([^ ]*\).*/\1/p' "$SAID")
  case $_first in
  none) return 1 ;;
  '') _first=.ssh/authorized_keys ;;
  *) ;;
  esac
  case $_first in
  /* | %h*) ;;
  *) _first=%h/$_first ;;
  esac
  path_of "$_first" "$1" "$2"
}

# try MODE ACCOUNT ANSWER [CODE] → $GOT in|refused, $KEY 0|1, $PROMPTED 0|1
#   MODE  view: through `sshd -i`, no port, no peer; live: a new TCP connection from a source address of its own,
#         so that PerSourcePenalties (9.8) judge each attempt alone
try() {
  attempt "$@"
  # Cut off before sshd has said what it asks for, as by MaxStartups: no code is used up yet.
  if [ "$1:$GOT:$KEY" = live:refused:0 ] && ! grep -q 'Authentications that can continue' "$WORK/log"; then
    sleep 1
    attempt "$@"
  fi
}

ATTEMPT=$((1$(digits 5) % 12000))
attempt() {
  ATTEMPT=$((ATTEMPT + 1))
  _mode=$1 _account=$2 _answer=$3 _nonce=BASTIONCTL-IN-$(digits 12)
  printf '' >"$WORK/asked"
  printf '#!/bin/sh\nprintf asked >>%s\nprintf "%%s\\n" "%s"\n' "$WORK/asked" "${4-}" >"$WORK/askpass"
  [ -x "$WORK/askpass" ] || chmod 0755 "$WORK/askpass"
  set -- -v -F "$RUN/ssh_config" -i "$WORK/key" \
    -o PreferredAuthentications=publickey,keyboard-interactive,password -o NumberOfPasswordPrompts=1
  [ "$_answer" = batch ] && set -- "$@" -o BatchMode=yes
  if [ "$_mode" = view ]; then
    set -- "$@" -o ProxyCommand="/bin/sh $RUN/lib/proxy.sh $ARGS" "$_account@rehearsal"
  else
    set -- "$@" -o BindAddress="$(source_address)" -p "$PORT" "$_account@$TARGET"
  fi
  _out=$(SSH_ASKPASS=$WORK/askpass SSH_ASKPASS_REQUIRE=force DISPLAY=none:0 \
    timeout 25 ssh "$@" "echo $_nonce" </dev/null 2>"$WORK/log") || true
  KEY=0 PROMPTED=0 GOT=refused
  grep -q 'Server accepts key' "$WORK/log" && KEY=1
  [ -s "$WORK/asked" ] && PROMPTED=1
  case $_out in
  *"$_nonce"*) GOT=in ;;
  *) ;;
  esac
  # A forced command or a shell that runs nothing says nothing of whether sshd and PAM let the account in.
  [ "$GOT" = in ] || ! grep -Eq 'Authenticated to |Authentication succeeded' "$WORK/log" || ! quiet_shell "$_account" || GOT=in
}

# 127.9.50.0 and on; the last run's addresses may be in disgrace still.
source_address() { source_of "$((12500 + ATTEMPT))"; }

quiet_shell() {
  opens_session "$(getent passwd "$1" | cut -d: -f7)" || return 0
  sshd_says "$1" "$ARGS" 2>/dev/null
  grep '^forcecommand ' "$SAID" | grep -qvx 'forcecommand none'
}

# why_refused: the last thing that ssh said, for the report.
why_refused() {
  plain "$(grep -Ev '^(debug1|OpenSSH_|Authenticated|Transferred|Bytes|Warning: Permanently)' "$WORK/log" | tail -n 2)"
}

# loose_modes ACCOUNT HOME FILE: what sshd's StrictModes refuses on the way to a file of the account's keys (misc.c, safe_path).
loose_modes() {
  _at=$(readlink -f "$3") && _top=$(readlink -f "$2") && _own=$(id -u "$1") || return 0
  while [ -n "$_at" ]; do
    _seen=$(stat -c '%A|%u|%g' "$_at" 2>/dev/null) || return 0
    case $_seen in
    *"|$_own|"* | *'|0|'*) ;;
    *)
      echo "$_at belongs to somebody else"
      return 0
      ;;
    esac
    case $_seen in
    ????????w*) ;;
    ?????w*) ! group_is_own "${_seen##*|}" "$1" || _seen= ;;
    *) _seen= ;;
    esac
    [ -z "$_seen" ] || { echo "$_at is writable by others"; return 0; }
    [ "$_at" != "$_top" ] || return 0
    _at=${_at%/*}
  done
}

# group_is_own GID ACCOUNT: nobody else is in it. The sshd of Debian and Ubuntu lets such a group write (user-group-modes.patch).
group_is_own() {
  ssh -V 2>&1 | grep -Eq ' (Debian|Ubuntu)-' || return 1
  { getent passwd && getent group "$1"; } | awk -F: -v gid="$1" -v name="$2" '
    NF == 4 { n = split($4, member, ","); for (i = 1; i <= n; i++) if (member[i] == name) own = 1; else others = 1; next }
    $4 == gid { if ($1 == name) own = 1; else others = 1 }
    END { exit !own || others }'
}
