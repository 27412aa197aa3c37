# shellcheck shell=sh
# Who can log in here, and with which keys. Key material stays on the host; fingerprints leave it.

# login_accounts: name|uid|gid|home|shell of root, of people (uid ≥ UID_MIN) with a shell, and of whoever else has keys or a password: sshd asks
# for no more, and a shell that opens no session keeps nobody from SFTP or from forwarding ports. Also of whom bastionctl manages, who can be taken
# off whatever has become of shell and keys. Of everybody, that is whom getent(1) lists: a
# directory service may not (sssd.conf(5), enumerate). Whose name is no file's, or would be read as something else, is in $RUN/skipped instead.
login_accounts() {
  _min=$(sed -n '/^UID_MIN[[:space:]]*/{s///p;q;}' /etc/login.defs 2>/dev/null)
  _anyway=" $({ getent shadow; cat /etc/bastionctl-users; } 2>/dev/null | awk -F: -v ORS=' ' '$2 !~ /^[!*]/ && !/^#/ { print $1 }') "
  key_patterns >"$RUN/key-patterns"
  key_origins
  printf '' >"$RUN/skipped"
  getent passwd | while IFS=: read -r _name _ _uid _gid _ _home _shell; do
    case $_anyway in
    *" $_name "*) ;;
    *) is_person "$_uid" "$_shell" || has_keys "$_name" "$_home" || continue ;;
    esac
    if ! is_carried "$_name"; then
      plain "$_name" >>"$RUN/skipped"
      continue
    fi
    printf '%s|%s|%s|%s|%s\n' "$_name" "$_uid" "$_gid" "$_home" "${_shell:-/bin/sh}"
  done
}

# is_carried NAME: it may stand in a path, in sshd's -C and in front of the @ of a login, also as sssd and winbind have it (DOMAIN\user).
is_carried() {
  case $1 in
  -* | *[!A-Za-z0-9._@+$\\-]*) return 1 ;;
  *) ;;
  esac
}

is_person() { [ "$1" = 0 ] || { [ "$1" -ge "${_min:-1000}" ] && opens_session "$2"; }; }

# opens_session SHELL: a login by it gets any further than sshd itself.
opens_session() {
  case ${1##*/} in
  nologin | false | sync | halt | shutdown) return 1 ;;
  *) ;;
  esac
}

# has_keys NAME HOME: a file that sshd reads keys of this account from is not empty. Where sshd says nothing, the usual one counts.
has_keys() {
  if [ -s "$2/.ssh/authorized_keys" ]; then return 0; fi
  # Hosts have dozens of system accounts, and most of them no key anywhere: sshd is not asked about these.
  key_somewhere "$1" "$2" || return 1
  is_carried "$1" || return 0
  keys_files "$1" "$2" | while IFS= read -r _keys; do
    [ ! -f "$_keys" ] || [ ! -s "$_keys" ] || echo yes
  done | grep -q yes
}

key_somewhere() {
  while IFS= read -r _pattern; do
    # Without a program: what is printed is in $_filled.
    path_of "$_pattern" "$1" "$2" >/dev/null
    [ ! -s "$_filled" ] || return 0
  done <"$RUN/key-patterns"
  return 1
}

# key_patterns: where sshd reads keys, of anybody: whoever a line is for, it is here.
key_patterns() {
  sshd_says root "$RUN/sshd-args" 2>/dev/null
  sshd_reads
  rm -f "$RUN/key-asks"
  awk -v asks="$RUN/key-asks" '
    BEGIN { patterns("authorizedkeysfile .ssh/authorized_keys .ssh/authorized_keys2") }
    function patterns(line,   n, word, i) {
      if (tolower(line) !~ /^[ \t]*"?authorizedkeysfile["= \t]/) return
      sub(/^[ \t]*"?[A-Za-z]*"?[ \t]*=?/, "", line)
      gsub(/["\047]/, "", line)
      n = split(line, word, /[ \t\r]+/)
      for (i = 1; i <= n; i++) {
        if (word[i] ~ /^[^\/%]/) word[i] = "%h/" word[i]
        if (word[i] != "" && !seen[word[i]]++) print word[i]
      }
    }
    /^\// {
      file = $0
      while ((getline line <file) > 0) {
        patterns(line)
        if (tolower(line) ~ /^[ \t]*"?match["= \t].*(address|host|localport)/) print line >asks
      }
      close(file)
      next
    }
    { patterns($0) }' "$SAID" "$READS"
}

# key_origins: from where sshd reads keys in other files than from loopback, as -C takes it. A host without such a Match line is asked nothing.
key_origins() {
  printf '' >"$RUN/key-origins"
  [ -e "$RUN/key-asks" ] || return 0
  read -r _main <"$READS"
  settings authorizedkeysfile "$_main" | sed -n 's/^[^|]*|\(.\)/Match \1/p' >"$RUN/key-asks"
  echo "$RUN/key-asks" | origins "$RUN/key-origins"
  cat "$RUN/key-origins-left" >>"$RUN/key-origins"
}

# keys_files NAME HOME: the files that sshd reads for the account, the first one first, and behind them those of logins from elsewhere.
keys_files() {
  sshd_says "$1" "$RUN/sshd-args" 2>/dev/null
  {
    key_files "$1" "$2" "$SAID"
    while IFS= read -r _origin; do
      ask_sshd "$1" "$RUN/sshd-args" "$_origin" >"$RUN/said-there" 2>/dev/null
      key_files "$1" "$2" "$RUN/said-there"
    done <"$RUN/key-origins"
  } | awk '!seen[$0]++'
}

# key_files ACCOUNT HOME EFFECTIVE: the files that sshd reads keys of this account from.
key_files() {
  _read=$(sed -n 's/^authorizedkeysfile //p' "$3" 2>/dev/null)
  # Where sshd says nothing, those that it has by itself (sshd_config(5)).
  [ -s "$3" ] || _read='.ssh/authorized_keys .ssh/authorized_keys2'
  for _file in $_read; do
    case $_file in
    none) continue ;;
    /* | %h*) ;;
    *) _file=%h/$_file ;;
    esac
    path_of "$_file" "$1" "$2"
  done
}

# parse_keys FILE [raw]: type|base64|options|comment, the options by name only (values hold commands and addresses); `expired` stands for an
# expiry-time that has passed (auth_authorise_keyopts): in local time, or in UTC behind a Z; `from-some` for a from= that has names of hosts,
# and `from-all` for one that lets in nothing else. raw: type|base64|options as they stand, of lines that have any.
# As sshkey_read has it: a line ends at a NUL, blanks and tabs alone part its words, other white space within the base64 is passed over, and
# keys go by the names of their signatures too.
parse_keys() {
  [ -f "$1" ] && [ -r "$1" ] || return 0
  awk -F '[ \t]+' -v raw="${2-}" '
    function clock(command) {
      if (!(command in told)) { command | getline told[command]; close(command) }
      return told[command]
    }
    function is_key() {
      type = $1; blob = $2
      sub(/^rsa-sha2-(256|512)$/, "ssh-rsa", type); sub(/^webauthn-/, "", type)
      gsub(/[\r\f\v]/, "", blob)
      return type ~ /^[A-Za-z0-9@.-]+$/ && blob ~ /^AAAA[A-Za-z0-9+\/=]*$/
    }
    { sub(/\0.*/, ""); sub(/^[ \t]+/, ""); opts = "" }
    /^#/ { next }
    !is_key() {
      quoted = 0; cut = 0
      for (i = 1; i <= length($0); i++) {
        c = substr($0, i, 1)
        if (c == "\"" && substr($0, i - 1, 1) != "\\") quoted = !quoted
        if (!quoted && (c == " " || c == "\t")) { cut = i; break }
      }
      if (!cut) next
      opts = substr($0, 1, cut - 1)
      $0 = substr($0, cut); sub(/^[ \t]+/, "")
      if (!is_key()) next
    }
    raw {
      if (opts != "") print type "|" blob "|" opts
      next
    }
    {
      if (opts != "") {
        # What cloud images put in front of the keys of root: it gets nobody in.
        if (opts ~ /Please login as/) opts = opts ",notice"
        left = tolower(opts); found = ""
        while (match(left, /expiry-time="[0-9]+z?"/)) {
          end = substr(left, RSTART + 13, RLENGTH - 14)
          left = substr(left, RSTART + RLENGTH)
          now = clock(end ~ /z$/ ? "date -u +%Y%m%d%H%M%S" : "date +%Y%m%d%H%M%S")
          if (substr(end "000000", 1, 14) < now) found = ",expired"
        }
        if (opts ~ /(^|,)[Ff][Rr][Oo][Mm]="([^"]*,)?[^",:]*[A-Za-z][^",:]*[",]/)
          found = found ",from-" (opts ~ /(^|,)[Ff][Rr][Oo][Mm]="([^"]*,)?([^"!,A-Za-z][^",A-Za-z]*|[^"!,]*:[^",]*)[",]/ ? "some" : "all")
        opts = opts found
        gsub(/"([^"\\]|\\.)*"/, "", opts); gsub(/=/, "", opts); gsub(/[^A-Za-z0-9,-]/, "", opts)
        # sshd takes them in any case.
        opts = tolower(opts)
      }
      sub(/^[^ \t]+[ \t]+[^ \t]+/, ""); gsub(/[[:space:]]+/, " "); gsub(/^ | $/, ""); gsub(/[|]/, "/")
      print type "|" blob "|" opts "|" $0
    }' "$1"
}

# collect_keys PEOPLE RESULT: account|type|base64|fingerprint of every key that can be offered from here. A `from=` names
# peers that this host cannot be, a certificate authority is no key, and a notice gets nobody in.
collect_keys() {
  while IFS='|' read -r _who _uid _gid _dir _; do
    sshd_says "$_who" "$RUN/sshd-args" 2>/dev/null
    key_files "$_who" "$_dir" "$SAID" | while read -r _keys; do
      parse_keys "$_keys" | while IFS='|' read -r _type _blob _options _; do
        case ,$_options, in
        *,from,* | *,cert-authority,* | *,notice,*) continue ;;
        *) ;;
        esac
        printf '%s|%s|%s\n' "$_type" "$_blob" "$_who"
      done
    done
  done <"$1" | fingerprinted | awk -F'|' -v OFS='|' '{ print $5, $3, $4, $2 }' >"$2"
}

# fingerprinted: bits|fingerprint|row of each row on standard input, type|base64[|…], that holds a key; one program for all of them.
fingerprinted() {
  cat >"$RUN/unprinted"
  [ -s "$RUN/unprinted" ] || return 0
  # The comment is the row's number.
  awk -F'|' '{ print $1, $2, NR }' "$RUN/unprinted" | ssh-keygen -lf - 2>/dev/null | awk '
    !rows { print_of[$3] = $1 "|" $2; next }
    FNR in print_of { print print_of[FNR] "|" $0 }' - rows=1 "$RUN/unprinted"
}

# becomes_root ACCOUNT UID: whether sudo lets it become root: yes, no, no-password where one is asked for and it has none, unknown where what
# is asked for is not in the host's files. Of its rules the last one decides. A pipe, since sudo wraps lines in a file.
becomes_root() {
  [ "$2" != 0 ] || { echo yes; return; }
  _asks=$(sudo -n -l -U "$1" 2>/dev/null | awk '
    /^Matching Defaults/ { defaults = 1; next }
    !/^ / { defaults = 0 }
    defaults && /!authenticate/ { free = 1 }
    defaults && /[ ,](rootpw|targetpw|runaspw|exempt_group=)/ { others = 1 }
    /\((ALL|root)[^)]*\) ([A-Z_]+: ?)*ALL$/ { rule = /NOPASSWD:/ || (free && !/PASSWD:/) ? "yes" : others ? "unknown" : "password" }
    END { print rule == "" ? "no" : rule }')
  case $_asks in
  password) ;;
  *)
    echo "$_asks"
    return
    ;;
  esac
  # Whoever is not in it has a password elsewhere, if any.
  _shadow=$(getent shadow "$1") || { echo unknown; return; }
  _shadow=${_shadow#*:}
  case ${_shadow%%:*} in
  '' | '!'* | '*'*) if sudo_takes_more; then echo unknown; else echo no-password; fi ;;
  *) echo yes ;;
  esac
}

# sudo_takes_more: its PAM stack asks a module that may do without a password of /etc/shadow, such as pam_ssh_agent_auth. Directories' modules
# do not for an account that is in it.
sudo_takes_more() {
  awk '
    function takes_more(file,   line, word) {
      if (seen[file]++) return
      while ((getline line <file) > 0) {
        sub(/^[ \t]*-?/, "", line)
        if (line !~ /^(auth|@include)[ \t]/) continue
        split(line, word)
        if (word[1] == "@include") takes_more("/etc/pam.d/" word[2])
        else if (word[2] ~ /^(include|substack)$/) takes_more("/etc/pam.d/" word[3])
        else if (!match(line, /pam_[a-z0-9_]+[.]so/) || !index(plain, " " substr(line, RSTART + 4, RLENGTH - 7) " ")) more = 1
      }
    }
    BEGIN {
      plain = " unix deny permit env faildelay faillock tally2 cap succeed_if localuser usertype group sss winbind ldap "
      takes_more("/etc/pam.d/sudo")
      exit !more
    }' </dev/null
}

# live_logins before|after|old: what the live listener says, from a mount namespace of its own (askpass has to be executable).
live_logins() {
  unshare -m --propagation private sh "$RUN/prove.sh" "$RUN" "$1" "$ID" 9>&-
}
