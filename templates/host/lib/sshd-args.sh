# shellcheck shell=sh
# What sshd is given on its command line. Such an -o beats every file (EC2 Instance Connect on Ubuntu, the crypto policy of RHEL 8), and
# a hand-run `sshd -T` does not show it.

# sshd_args FILE: sshd's arguments, one a line, less those that only say how it runs. As its unit would start it: under socket activation
# none may run yet. As the running one has them where it was started otherwise. FILE-unit has those of the unit, if they are known.
# $SSHD_SERVICE is what sshd_service has said. From here on sshd is asked about its own port.
sshd_args() {
  SSHD_SERVICE=$(sshd_service)
  unit_words "${SSHD_SERVICE%% *}" >"$1"
  [ ! -s "$1" ] || that_count <"$1" >"$1-unit"
  _pid=${SSHD_SERVICE#* }
  _pid=${_pid%% *}
  if [ "${_pid:-0}" != 0 ] && [ -r "/proc/$_pid/cmdline" ]; then
    # The listener retitles itself ("sshd: /usr/sbin/sshd -D [listener] 0 of 10-100 startups"), all words joined by blanks.
    _title=$(tr '\0' ' ' <"/proc/$_pid/cmdline" | sed -e 's/^[a-z-]*: //' -e 's/ \[listener\].*//' -e 's/ *$//')
    _joined=
    while IFS= read -r _word; do _joined=$_joined${_word:+${_joined:+ }$_word}; done <"$1"
    [ "$_joined" = "$_title" ] || printf '%s\n' "$_title" | title_words >"$1"
  fi
  _words=$(that_count <"$1")
  printf '%s' "${_words:+$_words
}" >"$1"
  ask_at_port "$1"
}

# that_count: of a whole command line.
that_count() {
  IFS= read -r _word || return 0
  while IFS= read -r _word; do
    case $_word in
    '' | -[DeidtTq]) ;;
    *) printf '%s\n' "$_word" ;;
    esac
  done
}

# title_words: the words behind an option, up to the next one, are its value, as in
# -o AuthorizedKeysCommand /usr/share/ec2-instance-connect/eic_run_authorized_keys %u %f
title_words() {
  tr ' ' '\n' | awk '
    function flush() { if (held != "") print held; held = "" }
    /^-[bCcEfghopu]$/ { flush(); print; next }
    /^-/ { flush(); held = $0; next }
    NF { held = (held == "" ? "" : held " ") $0 }
    END { flush() }'
}

# unit_words UNIT: the words of ExecStart, with variables put in as systemd does it (systemd.service(5), "Command lines"; environment files:
# systemd.exec(5)). busctl, since `systemctl show` joins the words by blanks. Data stays data: no shell reads it.
unit_words() {
  busctl get-property org.freedesktop.systemd1 "/org/freedesktop/systemd1/unit/${1%.service}_2eservice" \
    org.freedesktop.systemd1.Service ExecStart Environment EnvironmentFiles 2>/dev/null | awk '
    # Blanks part words; quotes hold them together and go; a backslash keeps what follows it.
    function words(text, list,   n, i, c, quote, word, begun) {
      n = 0; word = ""; quote = ""; begun = 0
      for (i = 1; i <= length(text); i++) {
        c = substr(text, i, 1)
        if (c == "\\") { word = word substr(text, ++i, 1); begun = 1 }
        else if (quote != "") { if (c == quote) quote = ""; else word = word c }
        else if (c == "\"" || c == "\047") { quote = c; begun = 1 }
        else if (c !~ /[ \t\r]/) { word = word c; begun = 1 }
        else { if (begun) list[++n] = word; word = ""; begun = 0 }
      }
      if (begun) list[++n] = word
      return n
    }
    # A value of an environment file: quotes count where it begins, or where a quoted part of it has ended; blanks behind it go.
    function bare(text,   i, c, quote, value, open, kept) {
      value = ""; quote = ""; open = 1; kept = 0
      for (i = 1; i <= length(text); i++) {
        c = substr(text, i, 1)
        if (quote != "") {
          if (c == quote) { quote = ""; open = 1 }
          else if (c == "\\" && quote == "\"" && substr(text, i + 1, 1) ~ /["\\`$]/) value = value substr(text, ++i, 1)
          else value = value c
          kept = length(value)
        }
        else if (c == "\\") { value = value substr(text, ++i, 1); open = 0; kept = length(value) }
        else if (open && (c == "\"" || c == "\047")) quote = c
        else if (c ~ /[ \t\r]/) { if (!open) value = value c }
        else { value = value c; open = 0; kept = length(value) }
      }
      return substr(value, 1, kept)
    }
    function assign(text,   at, name) {
      at = index(text, "=")
      name = substr(text, 1, at - 1)
      gsub(/[ \t]/, "", name)
      if (name ~ /^[A-Za-z_][A-Za-z0-9_]*$/) env[name] = substr(text, at + 1)
    }
    function load(path,   line, more, at) {
      while ((getline line <path) > 0) {
        while (line ~ /\\$/ && (getline more <path) > 0) line = substr(line, 1, length(line) - 1) more
        at = index(line, "=")
        if (line !~ /^[ \t]*[#;]/ && at) assign(substr(line, 1, at) bare(substr(line, at + 1)))
      }
      close(path)
    }
    # ${NAME} inside a word is its value as it is, $$ a dollar.
    function filled(word,   done, name) {
      done = ""
      while (match(word, /\$\$|\$[{][A-Za-z_][A-Za-z0-9_]*[}]/)) {
        name = substr(word, RSTART + 2, RLENGTH - 3)
        done = done substr(word, 1, RSTART - 1) (RLENGTH == 2 ? "$" : env[name])
        word = substr(word, RSTART + RLENGTH)
      }
      return done word
    }
    NR == 1 { words($0, exec) }
    NR == 2 { n = words($0, list); for (i = 3; i <= n; i++) assign(list[i]) }
    NR == 3 { n = words($0, list); for (i = 3; i <= n; i += 2) load(list[i]) }
    END {
      # a(sasbttttuii) COUNT PATH WORDS WORD…
      for (i = 5; i < 5 + exec[4]; i++) {
        # $NAME as a word of its own is as many words as its value has.
        if (exec[i] ~ /^\$[A-Za-z_][A-Za-z0-9_]*$/) {
          n = words(env[substr(exec[i], 2)], list)
          for (j = 1; j <= n; j++) print list[j]
        } else print filled(exec[i])
      }
    }'
}
