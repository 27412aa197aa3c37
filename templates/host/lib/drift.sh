# shellcheck shell=sh
# What is not as the confirmed changes left it: their files.

confirmed_changes() {
  for _id in $(changes_newest_first 2>/dev/null); do
    [ "$(state_of "$_id")" != confirmed ] || printf '%s\n' "$_id"
  done
}

# open_files: paths that a change writes which is not settled: they are neither as before nor kept yet.
open_files() {
  _open=$(open_change 2>/dev/null)
  [ -z "$_open" ] || cut -d'|' -f2 "$CHANGES/$_open/files"
}

# managed: path|mode|owner|group|before|after|change; of several confirmed changes the newest that wrote the file counts.
managed() {
  {
    open_files
    for _id in $(confirmed_changes); do
      awk -F'|' -v OFS='|' -v id="$_id" '{ print $2, $4, $5, $6, $7, $8, id }' "$CHANGES/$_id/files"
    done
  } | awk -F'|' '!seen[$1]++ && NF > 1'
}

# access: path|mode owner:group of each path on standard input that has a file.
access() { xargs -r -d '\n' stat -c '%n|%04a %U:%G' -- 2>/dev/null; }

# drifted_files: path|change|before|wanted digest|digest|wanted access|access
drifted_files() {
  managed >"$RUN/managed-files"
  [ -s "$RUN/managed-files" ] || return 0
  cut -d'|' -f1 "$RUN/managed-files" >"$RUN/managed-paths"
  digests <"$RUN/managed-paths" >"$RUN/managed-digests"
  access <"$RUN/managed-paths" >"$RUN/managed-access"
  awk -F'|' -v OFS='|' '
    FILENAME == ARGV[1] { has[$1] = $2; next }
    FILENAME == ARGV[2] { access[$1] = $2; next }
    {
      wanted = ($6 == "absent" ? "" : $2) " " $3 ":" $4
      if (has[$1] != $6 || ($6 != "absent" && access[$1] != wanted)) print $1, $7, $5, $6, has[$1], wanted, access[$1]
    }' "$RUN/managed-digests" "$RUN/managed-access" "$RUN/managed-files"
}

# drift: paths, comma-separated.
drift() { [ ! -d "$CHANGES" ] || drifted_files | cut -d'|' -f1 | paste -sd, -; }

# sshd_files: what sshd reads, with drop-ins that nothing may include and the crypto policy that RHEL 8 hands over on the command line; and its
# stack of PAM, with what the distributions' stacks take in: path|digest
sshd_files() {
  sshd_reads
  printf '%s\n' /etc/ssh/sshd_config.d/*.conf /etc/crypto-policies/back-ends/opensshserver.config \
    /etc/pam.d/sshd /etc/pam.d/common-auth /etc/pam.d/common-account /etc/pam.d/common-session \
    /etc/pam.d/password-auth /etc/pam.d/system-auth /etc/pam.d/postlogin |
    awk '!seen[$0]++' "$READS" - | digests | grep -Ev '\|(absent)?$'
}
