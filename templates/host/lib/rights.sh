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
