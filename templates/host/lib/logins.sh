# shellcheck shell=sh
# logins EVENTS: who logged in during the last 30 days, and how often with nobody there, that is neither on a terminal nor with an answer to a
# prompt: name|0, 1 or 2 (more often). sshd's log says who was let in how and by which process, wtmp which of these processes gave out
# a terminal (on Debian 13, too, where last(1) is gone). Where nobody keeps wtmp the number is -1: not known. No more is told, so
# that hosts that are used alike have the same facts.

# read_wtmp FILE…: epoch seconds, `terminal`, name, pid. A record has its minute only, so it counts as that minute's end.
read_wtmp() {
  for _file in "$@"; do
    case $_file in
    *.gz | *.xz | *.bz2 | *.zst) continue ;;
    *) ;;
    esac
    [ ! -f "$_file" ] || LC_ALL=C.UTF-8 TZ=UTC who -u "$_file" 2>/dev/null
  done | awk '
    $2 ~ /^pts\// && $3 ~ /^[0-9]+-[0-9]+-[0-9]+$/ {
      sub(/ *\(.*\)$/, "")
      split($3, d, "-"); split($4, t, ":")
      y = d[1] + 0; m = d[2] + 0
      if (m < 3) { y--; m += 12 }
      days = 365 * y + int(y / 4) - int(y / 100) + int(y / 400) + int((153 * (m - 3) + 2) / 5) + d[3] - 719469
      printf "%d terminal %s %s\n", ((days * 24 + t[1]) * 60 + t[2]) * 60 + 59, $1, $NF
    }'
}

# read_journal: `short-unix` lines. The newest first, so that a log that is too long to be read in time loses its oldest part.
read_journal() {
  timeout 30 journalctl -q -r -t sshd -t sshd-session -t bastionctl-session --since -30d -o short-unix 2>/dev/null
}

# read_text FILE…: the same lines out of a syslog daemon's text, old style (Nov  3 04:05:06, local time, no year) or RFC 3339.
read_text() {
  unpacked "$@" |
    grep -aE '^([A-Z][a-z]{2} +[0-9]+ [0-9:]{8}|[0-9-]{10}T[^ ]+) [^ ]+ (sshd(-session)?|bastionctl-session)(\[[0-9]+\])?: (Accepted|Partial publickey|safety session) ' >"$RUN/log"
  sed -E 's/^([A-Z][a-z]{2} +[0-9]+ [0-9:]{8}|[0-9-]{10}T[^ ]+) .*/\1/' "$RUN/log" | date -f - +%s 2>/dev/null >"$RUN/log-times"
  # Had date(1) refused one, times and lines would not belong together.
  [ "$(wc -l <"$RUN/log-times")" -eq "$(wc -l <"$RUN/log")" ] || return 0
  sed -E 's/^([A-Z][a-z]{2} +[0-9]+ [0-9:]{8}|[0-9-]{10}T[^ ]+) //' "$RUN/log" | paste -d' ' "$RUN/log-times" - |
    awk -v now="$(epoch)" '$1 > now + 86400 { $1 -= 365 * 86400 } $1 > now - 30 * 86400'
}

# text_logs: what a syslog daemon has written of logins in the last 30 days: /var/log/secure on RHEL and Amazon, auth.log on Debian.
text_logs() { find /var/log -maxdepth 1 -type f -mtime -31 \( -name 'secure*' -o -name 'auth.log*' \) 2>/dev/null; }

# A journal that does not survive a restart (Storage=auto without its folder, as RHEL ships it) lacks what came before it.
read_log() {
  _logs=
  [ -d /var/log/journal ] || _logs=$(text_logs)
  # shellcheck disable=SC2086 # one word a file
  if [ -n "$_logs" ]; then read_text $_logs; else read_journal; fi
}

# logins_kept: whether logins from before the last start of the host are on record.
logins_kept() { [ -d /var/log/journal ] || [ -n "$(text_logs)" ]; }

# login_events: by time, `TIME accepted NAME PID ADDRESS PORT METHOD REST`, `TIME partial …` of a key that was not enough alone, `TIME
# terminal NAME PID`, and `0 own ADDRESS PORT` of safety sessions. REST is what sshd says of the key. A proof's logins, which have
# addresses of their own, are nobody's.
login_events() {
  {
    # sshd doubles the backslash of DOMAIN\user (strnvis(3)).
    read_log | sed -n -e 's/\\\\/\\/g' \
      -e 's/^\([0-9]*\)[.0-9]* [^ ]* [^ ]*\[\([0-9]*\)\]: Accepted \([^ ]*\) for \([^ ]*\) from \([^ ]*\) port \([0-9]*\) \(.*\)$/\1 accepted \4 \2 \5 \6 \3 \7/p' \
      -e 's/^\([0-9]*\)[.0-9]* [^ ]* [^ ]*\[\([0-9]*\)\]: Partial \(publickey\) for \([^ ]*\) from \([^ ]*\) port \([0-9]*\) \(.*\)$/\1 partial \4 \2 \5 \6 \3 \7/p' \
      -e 's/^.*bastionctl-session[^ ]*: safety session from \([^ ]*\) \([0-9]*\)$/0 own \1 \2/p'
    read_wtmp /var/log/wtmp /var/log/wtmp.* /var/log/wtmp-*
  } | awk '$5 !~ /^127\.9\./' | sort -s -k1,1n
}

logins() {
  if [ -r /var/log/wtmp ] && command -v who >/dev/null; then _known=1; else _known=0; fi
  awk -v known="$_known" '
    $2 == "own" { own[$3, $4] = 1 }
    $2 == "accepted" && !(($5, $6) in own) && $3 !~ /^bctl-/ {
      n[$3]++
      if ($7 ~ /^keyboard-interactive/) p[$3]++; else open[$3, $4] = 1
    }
    $2 == "terminal" && (($3, $4) in open) { p[$3]++; delete open[$3, $4] }
    END { for (u in n) { alone = n[u] - p[u]; if (alone > 1) alone = 2; printf "%s|%d\n", u, known ? alone : -1 } }' "$1" | sort
}

# elsewhere EVENTS: name|type|fingerprint of the authority, of keys that let somebody in and stand in none of their files: certificates
# (`ED25519-CERT`) and what a command has handed out (`ED25519`, no authority). Where a factor is demanded the key is only a part, which
# sshd tells at LogLevel VERBOSE alone. And name|method| of logins for which somebody else has vouched.
elsewhere() {
  awk '
    $2 == "accepted" && $7 ~ /^(gss|hostb)/ { print $3 "|" $7 }
    $2 != "accepted" && $2 != "partial" { next }
    $7 == "publickey" && $10 ~ /^SHA256:/ {
      ca = ""
      # The id of a certificate is free text: what counts stands behind it.
      for (i = NF; i > 13 && ca == ""; i--) if ($i ~ /^SHA256:/ && $(i - 2) == "CA") ca = $i
      sub(/,$/, "", ca)
      key[$3, $4] = $9 "|" ca "|" $10
    }
    $2 == "accepted" && (($3, $4) in key) { print $3 "|" key[$3, $4]; delete key[$3, $4] }' "$1" | sort -u |
    while IFS='|' read -r _name _type _ca _print; do
      case $_type in
      *-CERT) [ -n "$_ca" ] || continue ;;
      gss* | host*) ;;
      *) if [ ! -f "$F/keys/$_name" ] || cut -d'|' -f3 "$F/keys/$_name" | grep -qxF -- "$_print"; then continue; fi ;;
      esac
      printf '%s|%s|%s\n' "$_name" "$_type" "$_ca"
    done | sort -u
}
