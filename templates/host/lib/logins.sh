# shellcheck shell=sh
# Who logged in during the last 30 days, and how often without a terminal: name|accepted|on a terminal|last (epoch seconds).
# "Accepted" comes from sshd's log, terminals from the sessions that logind or wtmp knows; BatchMode clients never have one.
{
  journalctl -q -t sshd -t sshd-session --since -30d -n 50000 -o short-unix 2>/dev/null |
    sed -n 's/^\([0-9]*\)[.0-9]* [^ ]* [^ ]*: Accepted [^ ]* for \([^ ]*\) from .*/\2 \1 accepted/p'
  last -w --time-format iso -s -30days 2>/dev/null | awk '$2 ~ /^pts\// && NF > 3 { print $1, 0, "terminal" }'
} | awk '
  $3 == "accepted" { n[$1]++; if ($2 > t[$1]) t[$1] = $2 }
  $3 == "terminal" { p[$1]++ }
  END { for (u in n) printf "%s|%d|%d|%d\n", u, n[u], (p[u] < n[u]) ? p[u] : n[u], t[u] }' | grep -v '^bctl-' | sort
exit 0
