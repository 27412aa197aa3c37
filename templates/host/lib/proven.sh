# shellcheck shell=sh
# What is not as it was when the confirmed changes were proven, for verify alone: values, sshd's other files, and the sshd that runs.

# proven_with: the change that sshd's other files and its arguments are compared with: the newest confirmed one about sshd, of which somebody has
# seen a plan. What changes people, or is made by the host itself at a date, takes no drift for what was meant. Where none is about sshd,
# the oldest.
proven_with() {
  _base=
  for _id in $(confirmed_changes); do
    [ -r "$CHANGES/$_id/sshd-files" ] || continue
    _base=$_id
    case $(value feature "$CHANGES/$_id/manifest"):$(value base "$CHANGES/$_id/manifest") in
    users:* | *:?*) ;;
    *) break ;;
    esac
  done
  printf '%s\n' "$_base"
}

# foreign_files ID: of sshd's files those that no change manages, and that are not what change ID was proven with: path|digest then|digest now|ID.
# Records of before PAM's were kept know none of them.
foreign_files() {
  { managed | cut -d'|' -f1; open_files; } >"$RUN/managed"
  sshd_files >"$RUN/sshd-files"
  [ -n "$1" ] || return 0
  awk -F'|' -v OFS='|' -v id="$1" '
    FILENAME == ARGV[1] { managed[$1] = 1; next }
    FILENAME == ARGV[2] { was[$1] = $2; paths[$1] = 1; if ($1 ~ /^\/etc\/pam[.]d\//) pam = 1; next }
    { is[$1] = $2; paths[$1] = 1 }
    END {
      for (p in paths) {
        if (p ~ /^\/etc\/pam[.]d\// && !pam) continue
        before = (p in was) ? was[p] : "absent"
        now = (p in is) ? is[p] : "absent"
        if (!(p in managed) && before != now) print p, before, now, id
      }
    }' "$RUN/managed" "$CHANGES/$1/sshd-files" "$RUN/sshd-files" | sort
}

# expected: account|keyword|value|where|change, an account's together; of each feature the newest confirmed change counts. What a change that
# is not settled expects may hold already or not, so it is left out.
expected() {
  promised >"$RUN/promised"
  as_moved "$RUN/promised"
}

promised() {
  _features=' '
  for _id in $(open_change 2>/dev/null) $(confirmed_changes); do
    _feature=$(value feature "$CHANGES/$_id/manifest")
    case $_features in
    *" $_feature "*) continue ;;
    *) _features="$_features$_feature " ;;
    esac
    [ -r "$CHANGES/$_id/expect" ] || continue
    _kept=$_id
    ! is_open "$_id" || _kept=
    # Records of before there was a fourth field are about loopback alone.
    awk -F'|' -v OFS='|' -v id="$_kept" '{ print $1, $2, $3, $4, id }' "$CHANGES/$_id/expect"
  done | awk -F'|' '
    # Whether prompts are on is for whoever spoke of it last, for everybody: enable-mfa switches on what harden has switched off.
    $2 ~ /^(kbdinteractive|challengeresponse)authentication$/ {
      if (!($2 in told)) told[$2] = $3
      if (told[$2] != $3) next
    }
    !seen[$1, $2]++ && $5 != ""' | sort -s -t'|' -k1,1
}

# as_moved ROWS: rows as `promised` has them, with what is asked now of whoever was moved into an exempt group or out of one by changes of
# people since, and without what may be asked of whoever is about to be.
as_moved() {
  _since=$(awk -F'|' '$2 == "authenticationmethods" { print $5; exit }' "$1")
  [ -z "$_since" ] || moves "$_since" "$1" >"$RUN/moves"
  if [ ! -s "$RUN/moves" ]; then
    cat "$1"
    return
  fi
  demands >"$RUN/demands"
  awk -F'|' -v OFS='|' '
    function asked(list, left,   n, group, i) {
      n = split(list, group, ",")
      for (i = 1; i <= n; i++) if (group[i] in asks && index("," left ",", "," group[i] ",") == 0) return asks[group[i]]
      return ""
    }
    FILENAME == ARGV[1] { asks[$1] = $2; next }
    # The newest first, and the last word on an account is the one that counts.
    FILENAME == ARGV[2] {
      if ($1 in now || ($2 == "update" || $3 == "open") && asked($4 "," $5, "") == "") next
      now[$1] = asked($4 "," $6, $5)
      if (now[$1] == "") now[$1] = asks["*"]
      if ($2 == "remove" || $3 == "open") now[$1] = ""
      next
    }
    $2 == "authenticationmethods" && $1 in now { $3 = now[$1] }
    $3 != ""' "$RUN/demands" "$RUN/moves" "$1"
}

# moves SINCE ROWS: what changes of people later than SINCE do to the groups of accounts of ROWS, the newest first:
# account|action|open or kept|groups given|groups left|groups before, and the first one of now
moves() {
  for _id in $(open_change 2>/dev/null) $(confirmed_changes); do
    [ "$_id" != "$1" ] || break
    [ -s "$CHANGES/$_id/roster" ] || continue
    if is_open "$_id"; then _kept=open; else _kept=kept; fi
    awk -F'|' 'NR == FNR { asked[$1]; next } $1 in asked' "$2" "$CHANGES/$_id/roster" |
      while IFS='|' read -r _name _action _ _ _ _groups _; do
        _was=$CHANGES/$_id/people/$_name
        _left=$(paste -sd, "$_was/list-leave" 2>/dev/null)
        _before=$({ id -gn "$_name"; cut -d: -f1 "$_was/member-group"; } 2>/dev/null | paste -sd, -)
        printf '%s|%s|%s|%s|%s|%s\n' "$_name" "$_action" "$_kept" "$_groups" "$_left" "$_before"
      done
  done
}

# demands: group|what sshd asks of its members, of exempt groups, and *|what it asks of everybody else, as the changes have written it: what
# is there now may be somebody's edit.
# shellcheck disable=SC2016 # awk
demands() {
  managed | awk -F'|' -v changes="$CHANGES" '$1 ~ "^/etc/ssh/" && $6 != "absent" { print changes "/" $7 "/after" $1 }' |
    xargs -r -d '\n' awk '
      FNR == 1 { own = FILENAME ~ /bastionctl-mfa/; group = "*" }
      /^# (BEGIN|END) bastionctl / { own = $2 == "BEGIN" && $4 == "mfa"; group = "*" }
      $1 == "Match" { group = $3 }
      own && $1 == "AuthenticationMethods" { print group "|" $2 }'
}

# drifted_values ROWS ORIGINS: account|keyword|wanted|value|change|origin; an account that is gone expects nothing. Without a value where
# sshd gives none, and without an origin where it is so from loopback.
drifted_values() {
  sshd_judges "$1" "$RUN/sshd-args" "$2" | while IFS='|' read -r _met _seen _from _name _keyword _wanted _ _id; do
    if [ "$_met" = no ] && getent passwd "$_name" >/dev/null; then
      printf '%s|%s|%s|%s|%s|%s\n' "$_name" "$_keyword" "$_wanted" "$(plain "$_seen")" "$_id" "$_from"
    fi
  done
}

# overdue_sunset: date|why, where enrolment was to be required by now and is not. An hour for the timer, and for whoever is at work.
overdue_sunset() {
  [ -e "$UNITS/$SUNSET.timer" ] && _base=$(sunset_base) || return 0
  _date=$(value date "$CHANGES/$_base/sunset/data/manifest")
  _why='it was not tried'
  if [ -r "$CHANGES/$_base/sunset.said" ]; then
    _why=$(value detail "$CHANGES/$_base/sunset.said")
  elif [ "$(epoch)" -lt "$((_date + 3600))" ]; then
    return 0
  fi
  printf '%s|%s\n' "$_date" "$_why"
}

# in_line FILE: its lines as words of one.
in_line() { tr '\n\t\r|' '   /' <"$1" | sed 's/ *$//'; }

# other_args ID: where sshd has not the arguments that change ID was proven with: ID|of|then|now, of the running one, of the next one by its
# unit, or of both. A record of before those of the unit were kept knows one of them.
other_args() {
  [ -n "$1" ] || return 0
  _unit=$CHANGES/$1/sshd-args-unit
  [ -e "$_unit" ] || _unit=$CHANGES/$1/sshd-args
  {
    printf 'running|%s|%s\n' "$(in_line "$CHANGES/$1/sshd-args")" "$(in_line "$RUN/sshd-args")"
    [ ! -e "$RUN/sshd-args-unit" ] || printf 'unit|%s|%s\n' "$(in_line "$_unit")" "$(in_line "$RUN/sshd-args-unit")"
  } | awk -F'|' -v OFS='|' -v id="$1" '
    $2 != $3 { how = $2 OFS $3; of[how] = seen[how]++ ? "both" : $1 }
    END { for (how in of) print id, of[how], how }' | sort
}
