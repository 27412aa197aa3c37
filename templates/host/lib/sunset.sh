# shellcheck shell=sh
# The dated end of first login: a change of its own that the host makes by itself. The enabling change keeps it with its record, program
# and all (sunset.sh). What the host is like on that day is known only then: who is tried and counted on is found out there and then.

# keep_sunset ID: the later change, ready to be run.
keep_sunset() {
  # Each by its name, since a script that no other one names is not sent.
  mkdir "$CHANGES/$1/sunset" &&
    cp "$RUN/main.sh" "$RUN/change.sh" "$RUN/rehearse.sh" "$RUN/prove.sh" "$RUN/guard.sh" "$RUN/confirm.sh" "$RUN/sunset.sh" "$CHANGES/$1/sunset/" &&
    cp -R "$RUN/lib" "$RUN/units" "$CHANGES/$1/sunset/" && cp -R "$RUN/data/sunset" "$CHANGES/$1/sunset/data"
}

# role_of ACCOUNT: `factor` where sshd demands key and factor of it, `key` where a key is enough, else nothing.
role_of() {
  sshd_says "$1" "$RUN/sshd-args" 2>/dev/null
  case $(tr '[:upper:]' '[:lower:]' <"$SAID" | sed -n 's/^authenticationmethods //p') in
  publickey) echo key ;;
  publickey,keyboard-interactive:pam) echo factor ;;
  *) ;;
  esac
}

# sunset_cases FILE <accounts: the plan's cases with accounts in the place of the roles: the first that the factor is demanded of is
# refused in every way, too. Of throw-away accounts those whose group is there.
sunset_cases() {
  _role=@first
  while read -r _name; do
    case $(role_of "$_name") in
    factor)
      cases_as "$1" "$_role" "$_name"
      _role=@person
      ;;
    key) cases_as "$1" @exempt "$_name" ;;
    *) ;;
    esac
  done
  grep '|prove|' "$1" | while IFS='|' read -r _id _phase _probe _rest; do
    case $_probe in
    *:*) getent group "${_probe#*:}" >/dev/null || continue ;;
    *) ;;
    esac
    printf '%s|%s|%s|%s\n' "$_id" "$_phase" "$_probe" "$_rest"
  done
}

# cases_as FILE ROLE ACCOUNT
cases_as() { NAME=$3 awk -F'|' -v OFS='|' -v role="$2" '$3 == role { $3 = ENVIRON["NAME"]; sub(role, $3, $1); print }' "$1"; }

# one_of_each <accounts: the first that the factor is demanded of, and the first whose key is enough.
one_of_each() {
  _seen=
  while read -r _each; do
    _is=$(role_of "$_each")
    case $_seen:$_is in
    *: | *"$_is"*:*) ;;
    *)
      _seen=$_seen$_is
      printf '%s\n' "$_each"
      ;;
    esac
  done
}

# as_left: the enabling change is kept, and its files are what it wrote; else this ends the program.
as_left() {
  _base=$(wanted base)
  [ "$(state_of "$_base")" = confirmed ] || answer refused sunset-base "change $_base is $(state_of "$_base") here"
  for _id in $(confirmed_changes); do
    [ "$(value feature "$CHANGES/$_id/manifest")" != "$(wanted feature)" ] || cut -d'|' -f2 "$CHANGES/$_id/files"
  done | sort -u >"$RUN/own"
  _edited=$(drifted_files | cut -d'|' -f1 | grep -xFf "$RUN/own" | paste -sd, -)
  [ -z "$_edited" ] || answer refused edited-since "not as the change left it: $_edited"
}

# prepare_sunset: under the lock, before anything is written: somebody with sudo gets in afterwards, else this ends the program. Who is
# tried, counted on and looked at.
prepare_sunset() {
  ID=$change_id live_logins before || answer refused rehearsal "$(cat "$RUN/why-before")"
  administrators >"$RUN/data/admins"
  [ -s "$RUN/data/admins" ] || answer refused no-administrator 'no administrator would get in: nobody with sudo and a key has a factor or is exempt'
  head -n 3 "$RUN/data/admins" | sunset_cases "$RUN/data/cases" >"$RUN/cases-now"
  mv "$RUN/cases-now" "$RUN/data/cases"
  grep -xFf "$RUN/accepted" "$RUN/candidates" >"$RUN/data/admins"
  # sshd's files are not touched: what it says now of whoever is still there is what it has to say afterwards.
  sshd_reads
  origins "$RUN/origins" <"$READS"
  sshd_judges "$CHANGES/$(wanted base)/expect" "$RUN/sshd-args" "$RUN/origins" |
    awk -F'|' -v OFS='|' '$3 != "" { here[$4, $5] = 1; next } $1 == "yes" { print $4, $5, $6, ($4, $5) in here ? "" : $7 }' |
    while IFS= read -r _row; do ! getent passwd "${_row%%|*}" >/dev/null || printf '%s\n' "$_row"; done >"$RUN/data/expect"
}

# administrators: accounts with sudo that get in once a factor is demanded: sshd accepts a key of theirs, or it cannot be asked about any.
administrators() {
  _today=$(($(epoch) / 86400))
  while IFS='|' read -r _name _uid _gid _home _shell <&3; do
    _expires=$(getent shadow "$_name" | cut -d: -f8)
    if [ -n "$_expires" ] && [ "$_expires" -le "$_today" ]; then continue; fi
    case $(becomes_root "$_name" "$_uid") in
    yes | unknown) ! opens_session "$_shell" || ! passes "$_name" "$_uid" "$_home" || printf '%s\n' "$_name" ;;
    *) ;;
    esac
  done 3<"$RUN/people" >"$RUN/candidates"
  sed -n 's/^\([^|]*\)|.*|accepted$/\1/p' "$RUN/offers-before" | sort -u >"$RUN/accepted"
  grep -xFf "$RUN/accepted" "$RUN/candidates" || {
    cut -d'|' -f1 "$RUN/keys" | sort -u >"$RUN/offered"
    grep -vxFf "$RUN/offered" "$RUN/candidates"
  }
}

# passes ACCOUNT UID HOME: is forced to no command or folder, has a key that opens a session, and a factor that the module takes, or is
# exempt. sshd asks root for no factor unless PermitRootLogin is plain yes.
passes() {
  sshd_says "$1" "$RUN/sshd-args" 2>/dev/null
  awk '/^(forcecommand|chrootdirectory) / && $2 != "none" { exit 1 }' "$SAID" || return 1
  key_files "$1" "$3" "$SAID" | while read -r _file; do parse_keys "$_file"; done |
    awk -F'|' '("," $3 ",") !~ /,(command|cert-authority|notice|expired),/ { found = 1 } END { exit !found }' || return 1
  _root=$(sed -n 's/^permitrootlogin //p' "$SAID")
  case $(role_of "$1") in
  key) [ "$2" != 0 ] || { [ "$_root" != no ] && [ "$_root" != forced-commands-only ]; } ;;
  factor)
    _place=$(factor_place "$1" "$3")
    case $_place in
    "$3"/*) _owner=$2 ;;
    *) _owner=0 ;;
    esac
    _unfit=$(fitness "$_place" "$_owner") && [ -z "$_unfit" ] && { [ "$2" != 0 ] || [ "$_root" = yes ]; }
    ;;
  *) return 1 ;;
  esac
}
