# shellcheck shell=sh
# Whom files of the host give rights to, for inspect alone.

# root_groups: groups that sudoers(5) lets become root, as members of its aliases too.
root_groups() {
  for _sudoers in /etc/sudoers /etc/sudoers.d/*; do
    # A file's last line may lack its end.
    [ ! -f "$_sudoers" ] || { cat "$_sudoers" && echo; }
  done 2>/dev/null | awk '
    /\\$/ { sub(/\\$/, " "); text = text $0; next }
    { line = text $0; text = "" }
    line ~ /^[[:space:]]*User_Alias[[:space:]]/ || (line ~ /^[^#=]*%/ && line ~ /=(.*[^A-Z])?ALL[[:space:]]*(#.*)?$/) {
      if (line !~ /^[[:space:]]*User_Alias/) sub(/=.*/, "", line)
      while (match(line, /%[^][:space:],:=()"]+/)) {
        print substr(line, RSTART + 1, RLENGTH - 1)
        line = substr(line, RSTART + RLENGTH)
      }
    }' | while read -r _group; do getent group "${_group#\#}" | cut -d: -f1; done | sort -u
}

# named NAMES: what|name|file|line of rules of sudoers(5) and jobs of cron that name somebody: they stay when the account goes, and are there
# when it is made. `root` lets become root, or is an alias; `sudo` is any other rule. Of the groups of that name, too, since people have one of their
# own. `#1005` is whoever has that number. NAMES has name|uid of who is there: those of the system are left out.
named() {
  set -- "$1" kind=sudo
  for _file in /etc/sudoers /etc/sudoers.d/* kind=cron /etc/crontab /etc/cron.d/*; do
    case ${_file##*/} in
    kind=*) set -- "$@" "$_file" ;;
    # sudo reads none with a dot or a ~ in it.
    *.* | *~ | *'|'* | bastionctl-* | zz_bastionctl_*) ;;
    *) [ ! -f "$_file" ] || set -- "$@" "$_file" ;;
    esac
  done
  awk '
    function say(what, name) {
      sub(/^%/, "", name); gsub(/"/, "", name)
      if (name ~ /^(#[0-9]+|[A-Za-z_][A-Za-z0-9._-]*)$/ && name !~ /^[A-Z][A-Z0-9_]*$/ && !(name in theirs)) print what "|" name "|" FILENAME "|" at
    }
    kind == "" { split($0, w, "|"); if (w[2] < 1000 || w[2] > 60000) theirs[w[1]] = theirs["#" w[2]] = 1; next }
    FNR == 1 { text = "" }
    kind == "cron" { at = FNR; if ($1 ~ /^[-0-9*@]/) say("cron", $1 ~ /^@/ ? $2 : $6); next }
    text == "" { at = FNR }
    /\\$/ { sub(/\\$/, " "); text = text $0; next }
    { line = text $0; text = "" }
    line ~ /^[ \t]*(@|#[^0-9]|#?$|Defaults|(Host|Runas|Cmnd|Cmd)_Alias[ \t])/ { next }
    {
      sub(/^[ \t]+/, "", line); gsub(/[ \t]*,[ \t]*/, ",", line)
      what = "root"
      if (sub(/^User_Alias[ \t]+/, "", line)) {
        sub(/[ \t]*#([^0-9].*)?$/, "", line); gsub(/[ \t]*:[ \t]*/, ",", line); gsub(/[A-Z][A-Z0-9_]*[ \t]*=[ \t]*/, "", line)
      } else {
        rule = line
        sub(/^[^=]*=/, "", rule); gsub(/\([^)]*\)/, "", rule)
        if (rule !~ /(^|[ \t:,])ALL[ \t]*([,:#]|$)/) what = "sudo"
        sub(/[ \t].*/, "", line)
      }
      n = split(line, users, ",")
      for (i = 1; i <= n; i++) say(what, users[i])
    }' "$@" | sort -u | head -n 300
}
