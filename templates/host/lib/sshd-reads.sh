# shellcheck shell=sh
# What sshd reads its settings from, and where it finds one; which logins it tells apart there by where they come from.

# includes [KEYWORDS]: the patterns that Include lines of the files on stdin have, a line each (sshd_config(5)). With KEYWORDS, a regular
# expression, also =criteria of each Match line, and :line for each that sets one of them.
includes() {
  awk -v names="${1-}" '{
    file = $0
    at = 0
    while ((getline line <file) > 0) {
      at++
      sub(/^[ \t]+/, "", line)
      if (names != "" && tolower(line) ~ "^\"?" names "[\" \t=]") print ":" at
      if (names != "" && tolower(line) ~ /^"?match[" \t=]/) {
        sub(/^"?.....("[ \t]*=?|[ \t]*=|[ \t])[ \t]*/, "", line)
        sub(/[ \t\r]*([ \t]#.*)?$/, "", line)
        print "=" line
      }
      if (tolower(line) !~ /^"?include"?[ \t=]/) continue
      sub(/^"?.......("[ \t]*=?|[ \t]*=|[ \t])[ \t]*/, "", line)
      while (line !~ /^[ \t\r]*(#|$)/) {
        sub(/^[ \t]+/, "", line)
        if (line ~ /^["\047]/) { end = substr(line, 1, 1); line = substr(line, 2) } else end = "[ \t\r]"
        word = line
        if (match(line, end)) { word = substr(line, 1, RSTART - 1); line = substr(line, RSTART + 1) } else line = ""
        if (word != "") print word ~ /^\// ? word : "/etc/ssh/" word
      }
    }
    close(file)
  }'
}

# sshd_reads: $READS becomes a list of the files that sshd reads its settings from, the main one first; looked up once where its answers are
# kept (ask_anew).
sshd_reads() {
  READS=${SSHD_SAID:-$RUN/sshd}.reads
  if [ -n "${SSHD_SAID-}" ] && [ -e "$READS" ]; then return 0; fi
  follow_includes >"$READS"
}

# follow_includes: 16 deep, as sshd does.
follow_includes() (
  next=/etc/ssh/sshd_config
  seen=
  deep=0
  # Patterns are expanded, not split.
  IFS=
  while [ -n "$next" ] && [ "$deep" -le 16 ]; do
    seen=$seen$next$NL
    patterns=$(printf '%s\n' "$next" | includes)
    next=
    while read -r pattern; do
      for file in $pattern; do
        case $NL$seen$next$NL in
        *"$NL$file$NL"*) ;;
        *) [ ! -f "$file" ] || next=${next:+$next$NL}$file ;;
        esac
      done
    done <<PATTERNS
$patterns
PATTERNS
    deep=$((deep + 1))
  done
  printf '%s' "$seen"
)

# settings KEYWORDS FILE [CRITERIA [DEEP]]: path:line|criteria of the Match block of each line that sets one of KEYWORDS, in the order in
# which sshd reads them.
settings() (
  match=${3-} deep=${4-0}
  [ "$deep" -le 16 ] || exit 0
  IFS=
  printf '%s\n' "$2" | includes "$1" | while read -r what; do
    case $what in
    =*) match="${3:+$3 }${what#=}" ;;
    :*) printf '%s\n' "$2$what|$match" ;;
    *) for file in $what; do [ ! -f "$file" ] || settings "$1" "$file" "$match" $((deep + 1)); done ;;
    esac
  done
)

# origins FILE <files: what -C has to say so that each Match line of the files holds that asks where a login comes from, into FILE, behind an
# address that none is about. Of a list the first pattern that is not negated counts: its lowest address, and the highest too where negated
# ones may take that out. Each costs an `sshd -T` an account (10 ms), so what is more than eight goes into FILE-left.
origins() {
  printf '' >"$1"
  printf '' >"$1-left"
  awk -v file="$1" '
    function note(place) { if (place ~ /^[A-Za-z0-9=,.:_-]+$/ && !seen[place]++) print place >(count++ < 8 ? file : file "-left") }
    # A name or an address that a pattern with * or ? is for.
    function filled(pattern, what,   fill, dots) {
      if (what == "host") gsub(/[*?]/, "x", pattern)
      fill = pattern !~ /:/ || pattern ~ /::/ ? 1 : ":1"
      for (dots = gsub(/[.]/, ".", pattern); dots < 3 && pattern !~ /:/; dots++) fill = fill ".1"
      sub(/[*]/, fill, pattern)
      gsub(/[*?]/, 1, pattern)
      return pattern
    }
    # An address of a network, the highest if so wanted.
    function inside(net, bits, high,   part, i, own) {
      if (net ~ /:/) return net !~ /::$/ || bits > 127 ? net : net (high && bits < 113 ? "ffff" : 1)
      split(net, part, ".")
      for (i = 1; high && i <= 4; i++) {
        own = bits - 8 * (i - 1)
        if (own < 8) part[i] += 2 ^ (8 - (own > 0 ? own : 0)) - 1
      }
      if (bits < 31) part[4] += high ? -1 : 1
      return part[1] "." part[2] "." part[3] "." part[4]
    }
    function one(list, what, high,   part, n, i, half) {
      n = split(list, part, ",")
      for (i = 1; i < n && part[i] ~ /^!/; i++);
      if (part[i] ~ /^!/) return ""
      if (part[i] ~ /[*?]/) return filled(part[i], what)
      return split(part[i], half, "/") > 1 ? inside(half[1], half[2], high) : part[i]
    }
    function origin(high,   i, all, value) {
      for (i = 1; i <= asked; i++) if ((value = one(list[i], what[i], high)) != "") all = all (all == "" ? "" : ",") what[i] "=" value
      return all
    }
    BEGIN { short["address"] = "addr"; short["host"] = "host"; short["localaddress"] = "laddr"; short["localport"] = "lport" }
    {
      path = $0
      while ((getline line <path) > 0) {
        if (tolower(line) !~ /^[ \t]*"?match"?[ \t=]/) continue
        sub(/^[ \t]*"?.....("[ \t]*=?|[ \t]*=|[ \t])/, "", line)
        asked = 0
        name = ""
        while (match(line, /^[ \t\r]*("[^"]*"|\047[^\047]*\047|[^ \t\r"\047#])("[^"]*"|\047[^\047]*\047|[^ \t\r"\047])*/)) {
          word = substr(line, RSTART, RLENGTH)
          line = substr(line, RSTART + RLENGTH)
          gsub(/^[ \t\r]+|["\047]/, "", word)
          if (name != "" && word == "=") continue
          if (name == "") {
            name = tolower(word)
            sub(/=.*/, "", name)
            if (name == "all" || name == "invalid-user") name = ""
            if (!sub(/^[^=]*=/, "", word)) continue
          }
          if (name in short) { what[++asked] = short[name]; list[asked] = word }
          name = ""
        }
        if (!asked) continue
        note("addr=192.0.2.1")
        note(origin(0))
        for (i = 1; i <= asked; i++) if (list[i] ~ /!/) note(origin(1))
      }
      close(path)
    }'
}
