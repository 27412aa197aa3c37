# shellcheck shell=sh
# Traces of what changed a file: its times, cloud-init's log, the package manager's.

# touched PATH: content changed|anything changed|cloud-init wrote it (epoch seconds, 0: not known). Of a link and what it leads to, the later.
touched() {
  printf '%s|%s\n' "$({ stat -c '%Y|%Z' "$1" && stat -Lc '%Y|%Z' "$1"; } 2>/dev/null |
    awk -F'|' '$1 > y { y = $1 } $2 > z { z = $2 } END { print y + 0 "|" z + 0 }')" "$(cloud_init_wrote "$1")"
}

# cloud_init_wrote PATH: cloud-init logs each file that it writes, in UTC.
cloud_init_wrote() {
  _at=$(grep -hF "Writing to $1 " /var/log/cloud-init.log 2>/dev/null | tail -n 1 | cut -c1-19)
  date -u -d "${_at:-never}" +%s 2>/dev/null || echo 0
}

# packages_since EPOCH: what was installed or upgraded of sshd and PAM, and of what writes files of theirs: epoch|name|from|to; rpm remembers no older version.
packages_since() {
  if command -v dpkg-query >/dev/null 2>&1; then
    unpacked /var/log/dpkg.log /var/log/dpkg.log.* | sed -nE 's/^([0-9-]{10} [0-9:]{8}) (install|upgrade) ((openssh|libpam)[^ :]*)[^ ]* ([^ |]+) ([^ |]+)$/\1|\3|\5|\6/p' >"$RUN/dpkg"
    cut -d'|' -f1 "$RUN/dpkg" | date -f - +%s 2>/dev/null >"$RUN/dpkg-times"
    cut -d'|' -f2- "$RUN/dpkg" | paste -d'|' "$RUN/dpkg-times" -
  elif command -v rpm >/dev/null 2>&1; then
    rpm -qa --qf '%{INSTALLTIME}|%{NAME}||%{VERSION}-%{RELEASE}\n' 'openssh*' 'pam' 'pam-*' 'pam_*' 'google-authenticator' 'crypto-policies*' 'authselect*'
  fi | awk -F'|' -v since="$1" '$1 > since' | sort -n
}
