# shellcheck shell=sh
# The account databases, edited line by line under the locks that shadow's own tools take.

DATABASES='passwd shadow group gshadow subuid subgid'

# nobody_yet: no database has a line of that name, and no group lists it: what is there afterwards is the change's.
nobody_yet() {
  for _db in $DATABASES; do
    ! has_line "$_name" "/etc/$_db" || return 1
  done
  [ -z "$(memberships "$_name" /etc/group)" ] && { [ ! -r /etc/gshadow ] || [ -z "$(memberships "$_name" /etc/gshadow)" ]; }
}

# record_lines NAME DATABASE COPY: its lines, and whose lines stand in front of the first, since some of them may go as well.
record_lines() {
  awk -F: -v name="$1" '$1 == name' "$2" >"$3" || return 1
  awk -F: -v name="$1" '$1 == name { exit } { print $1 }' "$2" >"$3.behind"
}

# memberships NAME DATABASE: the lines of the groups that list it, as a member or (gshadow) as an administrator.
memberships() {
  awk -F: -v name="$1" -v admins="${2##*/}" '
    function lists(text, m, n, i) { n = split(text, m, ","); for (i = 1; i <= n; i++) if (m[i] == name) return 1; return 0 }
    lists($4) || (admins == "gshadow" && lists($3))' "$2"
}

# --- an account that is there no longer, in any of them

# group_of_others: the group of that name has members of its own, is somebody's first one, was not the account's, or is another one than was recorded.
group_of_others() {
  _gid=$(awk -F: -v name="$_name" '$1 == name { print $3; exit }' /etc/group)
  [ -n "$_gid" ] || return 1
  cut -d: -f4 /etc/passwd | grep -qx "$_gid" && return 0
  [ -s "$_was/passwd" ] && [ "$(cut -d: -f4 "$_was/passwd")" != "$_gid" ] && return 0
  awk -F: -v name="$_name" '$1 == name { print $4 }' /etc/group | tr ',' '\n' | grep -vxF -- "$_name" | grep -q . && return 0
  [ -s "$_was/group" ] && [ "$(cut -d: -f3 "$_was/group" | head -n 1)" != "$_gid" ]
}

# forget_person: no line of the account is left in any database, and no group lists it; a group that others have as their own stays.
forget_person() {
  _mine=yes
  group_of_others && _mine=no
  for _db in $DATABASES; do
    case $_db in
    group | gshadow) [ "$_mine" = yes ] || continue ;;
    *) ;;
    esac
    if has_line "$_name" "/etc/$_db"; then
      # shellcheck disable=SC2016 # awk
      rewrite "/etc/$_db" -v name="$_name" '$1 != name' || return 1
    fi
  done
  for _db in group gshadow; do
    [ -r "/etc/$_db" ] || continue
    if [ -n "$(memberships "$_name" "/etc/$_db")" ]; then
      # shellcheck disable=SC2016 # awk
      rewrite "/etc/$_db" -v name="$_name" -v shadow="$_db" "$without"'
        $4 != without($4) { $4 = without($4) }
        shadow == "gshadow" && $3 != without($3) { $3 = without($3) }
        { print }' || return 1
    fi
  done
}

# shellcheck disable=SC2016 # awk
without='
  BEGIN { OFS = ":" }
  function without(text, m, n, i, rest) {
    n = split(text, m, ",")
    for (i = 1; i <= n; i++) if (m[i] != name) rest = rest (rest == "" ? "" : ",") m[i]
    return rest
  }'

# --- lines that come back

# taken DATABASE: whose the account's subordinate ids are by now; useradd gives away what is free.
taken() {
  case $1 in
  sub*) awk -F: -v start="$(cut -d: -f2 "$_was/$1" | head -n 1)" -v name="$_name" '$2 == start && $1 != name { print $1; exit }' "/etc/$1" ;;
  *) ;;
  esac
}

# insert_lines DATABASE COPY BEHIND: the lines in COPY behind the last of those that are named in BEHIND, or at the end where they are gone.
insert_lines() {
  # shellcheck disable=SC2016 # awk
  rewrite "$1" -v copy="$2" -v behind="$3" '
    BEGIN {
      while ((getline line <copy) > 0) text = text line "\n"
      while ((getline line <behind) > 0) if (line != "") { front[line] = 1; some = 1 }
      if (!some) printf "%s", text
    }
    { all[NR] = $0; if ($1 in front) last = NR }
    END {
      for (i = 1; i <= NR; i++) { print all[i]; if (i == last) printf "%s", text }
      if (some && !last) printf "%s", text
    }'
}

# rejoin DATABASE [GROUPS]: the account is listed again by the groups that listed it, of those in GROUPS; a group that nobody has touched gets
# its old line back.
rejoin() {
  [ -s "$_was/member-$1" ] || return 0
  # shellcheck disable=SC2016 # awk
  rewrite "/etc/$1" -v copy="$_was/member-$1" -v name="$_name" -v shadow="$1" -v only="${2-}" "$without"'
    function listed(text, m, n, i) { n = split(text, m, ","); for (i = 1; i <= n; i++) if (m[i] == name) return 1; return 0 }
    function bare(line, f) {
      split(line, f, ":")
      return f[1] ":" f[2] ":" (shadow == "gshadow" ? without(f[3]) : f[3]) ":" without(f[4])
    }
    # Behind the last of those who stood in front of it and are there.
    function joined(text, old, m, o, n, k, i, j, at, rest) {
      if (listed(text)) return text
      n = split(text, m, ","); k = split(old, o, ","); at = 0
      for (i = 1; i <= k && o[i] != name; i++) for (j = at + 1; j <= n; j++) if (m[j] == o[i]) at = j
      for (j = 0; j <= n; j++) {
        if (j > 0) rest = rest (rest == "" ? "" : ",") m[j]
        if (j == at) rest = rest (rest == "" ? "" : ",") name
      }
      return rest
    }
    BEGIN {
      if (only != "") while ((getline line <only) > 0) mine[line] = 1
      while ((getline line <copy) > 0) { split(line, f, ":"); if (only == "" || f[1] in mine) old[f[1]] = line }
    }
    $1 in old {
      if (bare($0) == bare(old[$1])) $0 = old[$1]
      else {
        split(old[$1], f, ":")
        if (listed(f[4])) $4 = joined($4, f[4])
        if (shadow == "gshadow" && listed(f[3])) $3 = joined($3, f[3])
      }
    }
    { print }'
}

# --- writing

# rewrite DATABASE AWK-ARGUMENT…: under the locks that useradd and its like take.
rewrite() {
  lock_databases || { echo 'the account databases are locked by somebody'; return 1; }
  rewrite_locked "$@"
  _did=$?
  unlock_databases
  return "$_did"
}

# rewrite_locked DATABASES AWK-ARGUMENT…: as `rewrite`, of who holds the locks, for several at once, a word each; 1: $_base as well is as it was.
# passwd(1) by way of pam_unix takes another lock (lckpwdf(3), which a shell cannot): what was written meanwhile is another file, or a newer
# one, and the work begins anew.
# shellcheck disable=SC2086 # none has a blank in its name
rewrite_locked() {
  _bases=$1 _did=1 _temps=
  shift
  for _base in $_bases; do _temps="$_temps $_base.bastionctl-new"; done
  for _try in 1 2 3 4 5; do
    _read=$(stat -c '%i %s %y %z' $_bases)
    for _base in $_bases; do
      _temp=$_base.bastionctl-new
      { cp -p --preserve=all "$_base" "$_temp" && awk -F: "$@" "$_base" >"$_temp" && whole "$_temp"; } || break 2
    done
    sync $_temps || break
    [ "$(stat -c '%i %s %y %z' $_bases)" = "$_read" ] || continue
    for _base in $_bases; do mv -fT "$_base.bastionctl-new" "$_base" || break 2; done
    sync "${_base%/*}" && _did=0
    break
  done
  [ "$_did" = 0 ] || rm -f $_temps
  return "$_did"
}

# strip NAMES: neither a database nor the `-` twin that its tools keep has a line of any of NAMES (one|another). 1: $_base still has.
strip() {
  _names=$1
  set --
  for _db in $DATABASES; do set -- "$@" "/etc/$_db" "/etc/$_db-"; done
  # shellcheck disable=SC2046 # none has a blank in its name
  set -- $(grep -Els "^($_names):" "$@")
  [ $# -gt 0 ] || return 0
  lock_databases || { _base="$* (locked by somebody)"; return 1; }
  # shellcheck disable=SC2016 # awk
  rewrite_locked "$*" -v names="^($_names)\$" '$1 !~ names'
  _stripped=$?
  unlock_databases
  return "$_stripped"
}

# whole FILE: subordinate ids may be nobody's; of the others somebody is always there.
whole() {
  case $1 in
  /etc/sub*) ;;
  *) [ -s "$1" ] ;;
  esac
}

# lock_databases: a lock is a file that was not there, with the pid of whoever has it. The number without a newline: shadow's tools would not
# take the lock for a stale one after our death.
lock_databases() {
  _locked=0
  for _lock in $DATABASES; do
    [ -e "/etc/$_lock" ] || continue
    _tries=0
    # noclobber: made, or not at all (O_EXCL).
    until (set -C && : >"/etc/$_lock.lock") 2>/dev/null; do
      # Where there is none, it cannot be made.
      if [ -e "/etc/$_lock.lock" ]; then _tries=$((_tries + 1)); else _tries=$((_tries + 40)); fi
      [ "$_tries" -le 100 ] || { _locked=1; break 2; }
      sleep 0.1
    done
    printf %s "$$" >"/etc/$_lock.lock" || { rm -f "/etc/$_lock.lock" && _locked=1 && break; }
  done
  [ "$_locked" = 0 ] || unlock_databases
  return "$_locked"
}

unlock_databases() {
  set --
  for _lock in $DATABASES; do
    _by=
    [ ! -e "/etc/$_lock.lock" ] || read -r _by <"/etc/$_lock.lock" || true
    [ "$_by" != "$$" ] || set -- "$@" "/etc/$_lock.lock"
  done
  [ $# = 0 ] || rm -f "$@"
}
