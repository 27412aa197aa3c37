# shellcheck shell=sh
# People's accounts: made, changed and taken away, and put back line by line, since others may have changed the databases meanwhile.
# A line of a roster is name|action|uid|shell|comment|groups|expires|home.
#   action   create | update | remove        expires  YYYY-MM-DD, `never`, or empty for as it is
#   home     keep | archive | purge, of an account that is removed

DATABASES='passwd shadow group gshadow subuid subgid'
HOMES=$STATE/homes

# record_roster ID: what an account is now, before anything of it changes. Secret (hashes): root's alone, and never printed.
record_roster() {
  [ -s "$RUN/data/roster" ] || return 0
  while IFS='|' read -r _name _action _ <&4; do
    _was=$CHANGES/$1/people/$_name
    mkdir -p "$_was" || return 1
    [ "$_action" != create ] || continue
    _dir=$(getent passwd "$_name" | cut -d: -f6)
    printf '%s\n' "$_dir" >"$_was/home" && keys_file "$_name" "$_dir" >"$_was/keys-path" || return 1
    _keys=$(cat "$_was/keys-path")
    if [ -f "$_keys" ]; then cp -p --preserve=all "$_keys" "$_was/keys"; else printf '' >"$_was/keys"; fi || return 1
    for _list in keys drop; do
      [ ! -f "$RUN/data/roster-$_list/$_name" ] || cp "$RUN/data/roster-$_list/$_name" "$_was/list-$_list" || return 1
    done
    for _db in $DATABASES; do
      [ ! -r "/etc/$_db" ] || record_lines "$_name" "/etc/$_db" "$_was/$_db" || return 1
    done
    for _db in group gshadow; do
      memberships "$_name" "/etc/$_db" >"$_was/member-$_db" || return 1
    done
  done 4<"$RUN/data/roster"
  # Last: without it there is nothing to undo.
  cp "$RUN/data/roster" "$CHANGES/$1/roster"
}

# record_lines NAME DATABASE COPY: its line, and whose line stands in front of it.
record_lines() {
  grep "^$1:" "$2" >"$3" || [ $? -eq 1 ] || return 1
  awk -F: -v name="$1" '$1 == name { print before; exit } { before = $1 }' "$2" >"$3.behind"
}

# memberships NAME DATABASE: the lines of the groups that list it.
memberships() {
  awk -F: -v name="$1" '{ n = split($4, m, ","); for (i = 1; i <= n; i++) if (m[i] == name) { print; next } }' "$2"
}

# keys_file NAME HOME: the first authorized_keys file that sshd reads for the account.
keys_file() {
  sshd_effective "$1" "$RUN/sshd-args" >"$RUN/effective-now" 2>/dev/null
  key_files "$1" "$2" "$RUN/effective-now" | head -n 1 | grep .
}

# apply_roster view|live ID: in a view nobody's session ends and no home moves.
apply_roster() {
  [ -s "$RUN/data/roster" ] || return 0
  while IFS='|' read -r _name _action _uid _shell _comment _groups _expires _house <&4; do
    case $_action in
    create) create_person "$1" ;;
    update) update_person "$1" "${2-}" ;;
    remove) remove_person "$1" "${2-}" ;;
    *) false ;;
    esac || { echo "account $_name could not be ${_action}d"; return 1; }
  done 4<"$RUN/data/roster"
}

# create_person view|live. `*` is no password; `!` would be a locked account, which sshd refuses where UsePAM is off (shadow(5), auth.c).
create_person() {
  _where=$1
  _base=$(useradd -D 2>/dev/null | sed -n 's/^HOME=//p')
  _dir=${_base:-/home}/$_name
  if [ -e "$_dir" ]; then
    echo "$_dir is there already: somebody's home"
    return 1
  fi
  set -- -m -d "$_dir" -s "$_shell" -c "$_comment" -p '*'
  [ -z "$_uid" ] || set -- "$@" -u "$_uid"
  [ -z "$_groups" ] || set -- "$@" -G "$_groups"
  case $_expires in
  '' | never) ;;
  *) set -- "$@" -e "$_expires" ;;
  esac
  useradd "$@" "$_name" 2>&1 9>&- && chmod 0750 "$_dir" && merge_keys "$(keys_file "$_name" "$_dir")" "$RUN/data/roster-keys/$_name" /dev/null || return 1
  [ -z "$(command -v restorecon)" ] || restorecon -R "$_dir" 2>/dev/null || true
  [ "$_where" = view ] || sync -f "$_dir"
}

# update_person view|live ID
update_person() {
  _dir=$(getent passwd "$_name" | cut -d: -f6)
  [ -z "$_groups" ] || usermod -a -G "$_groups" "$_name" 2>&1 9>&- || return 1
  case $_expires in
  '') ;;
  never) usermod -e '' "$_name" 2>&1 9>&- || return 1 ;;
  *) usermod -e "$_expires" "$_name" 2>&1 9>&- || return 1 ;;
  esac
  if [ -s "$RUN/data/roster-keys/$_name" ] || [ -s "$RUN/data/roster-drop/$_name" ]; then
    merge_keys "$(keys_file "$_name" "$_dir")" "$RUN/data/roster-keys/$_name" "$RUN/data/roster-drop/$_name" || return 1
    [ "$1" = view ] || digest "$(cat "$CHANGES/$2/people/$_name/keys-path")" >"$CHANGES/$2/people/$_name/keys-after"
  fi
}

# merge_keys FILE ADD DROP: FILE with the lines of ADD that it does not have, and without those whose fingerprint is in DROP; nothing
# else of it changes.
merge_keys() {
  [ -n "$1" ] || { echo 'sshd reads no authorized_keys file'; return 1; }
  _merged=${RUN:-$_was}/keys-merged
  printf '' >"$_merged"
  [ ! -e "$1" ] || while IFS= read -r _line || [ -n "$_line" ]; do
    dropped "$(print_of "$_line")" "$3" || printf '%s\n' "$_line"
  done <"$1" >"$_merged"
  prints "$_merged" >"$_merged.prints"
  [ ! -s "$2" ] || while IFS= read -r _line; do
    grep -qxF -- "$(print_of "$_line")" "$_merged.prints" || printf '%s\n' "$_line" >>"$_merged"
  done <"$2"
  write_keys "$1" "$_name" "$_dir" <"$_merged"
}

# print_of LINE: the fingerprint of the key on it, options in front of it or not.
print_of() { printf '%s\n' "$1" | ssh-keygen -lf - 2>/dev/null | cut -d' ' -f2; }

prints() {
  while IFS= read -r _one || [ -n "$_one" ]; do print_of "$_one"; done <"$1"
}

dropped() { [ -n "$1" ] && grep -qsxF -- "$1" "$2"; }

# write_keys FILE NAME HOME: standard input becomes FILE. Below a home the owner writes, not root: the folder is the owner's, and a
# link there leads wherever the owner likes.
write_keys() {
  _group=$(id -g "$2") _owner=$(id -u "$2")
  case $1 in
  "$3"/*)
    # shellcheck disable=SC2016 # it is the inner shell that expands
    setpriv --reuid="$_owner" --regid="$_group" --clear-groups /bin/sh -c \
      'umask 077 && mkdir -p "${0%/*}" && cat >"$0.bastionctl-new" && sync "$0.bastionctl-new" && mv -fT "$0.bastionctl-new" "$0" && sync "${0%/*}"' "$1"
    ;;
  *) cat >"$1.bastionctl-new" && chmod 0644 "$1.bastionctl-new" && sync "$1.bastionctl-new" && mv -fT "$1.bastionctl-new" "$1" && sync "${1%/*}" ;;
  esac
}

# remove_person view|live ID: sessions, jobs and factor, then the account; the home is only moved aside until the change is kept.
remove_person() {
  if [ "$1" = view ]; then
    userdel -f "$_name" >/dev/null 2>&1 9>&-
    ! getent passwd "$_name" >/dev/null
    return
  fi
  _was=$CHANGES/$2/people/$_name
  _dir=$(cat "$_was/home")
  end_sessions "$_name"
  for _spool in /var/spool/cron/crontabs /var/spool/cron; do
    [ ! -f "$_spool/$_name" ] || set_aside "$_spool/$_name" "$_was" || return 1
  done
  for _spool in /var/spool/cron/atjobs /var/spool/at; do
    [ ! -d "$_spool" ] || find "$_spool" -maxdepth 1 -type f -user "$_name" >"$RUN/jobs"
    [ ! -s "$RUN/jobs" ] || while IFS= read -r _job; do set_aside "$_job" "$_was" || return 1; done <"$RUN/jobs"
    : >"$RUN/jobs"
  done
  _factor=$(wanted factor | sed -e "s|%u|$_name|g" -e "s|%h|$_dir|g")
  case $_factor in
  "$_dir"/*) ;;
  *) [ ! -f "$_factor" ] || set_aside "$_factor" "$_was" || return 1 ;;
  esac
  _said=$(userdel "$_name" 2>&1 9>&-) || { echo "$_said"; return 1; }
  [ "$_house" = keep ] || [ ! -d "$_dir" ] || { mv -T "$_dir" "$_dir.bastionctl-$2" && sync "${_dir%/*}"; }
}

# end_sessions NAME: nothing of the account runs any more, or it is said.
end_sessions() {
  loginctl terminate-user "$1" 2>/dev/null
  _tries=0
  while pkill -KILL -u "$1" 2>/dev/null && [ "$_tries" -lt 50 ]; do
    sleep 0.1
    _tries=$((_tries + 1))
  done
  return 0
}

# set_aside FILE FOLDER: on record where it came from before it is moved.
set_aside() {
  _n=$(($(wc -l <"$2/aside" 2>/dev/null || echo 0) + 1))
  cp -p --preserve=all "$1" "$2/aside-$_n" && printf '%s\n' "$1" >>"$2/aside" && durable "$2/aside" "$2/aside-$_n" && rm -f "$1"
}

# undo_roster ID: newest first; every step may be repeated. 1: something is left to do.
undo_roster() {
  [ -s "$CHANGES/$1/roster" ] || return 0
  clear_locks
  _undone=0
  sed '1!G;h;$!d' "$CHANGES/$1/roster" >"$CHANGES/$1/roster.reverse" || return 1
  while IFS='|' read -r _name _action _uid _shell _comment _groups _expires _house <&4; do
    _was=$CHANGES/$1/people/$_name
    case $_action in
    create) unmake_person "$1" ;;
    update) restore_person "$1" ;;
    remove) return_person "$1" ;;
    *) ;;
    esac || { journal "$1" "cannot restore yet: account $_name"; _undone=1; }
  done 4<"$CHANGES/$1/roster.reverse"
  return "$_undone"
}

# unmake_person ID: a home in which somebody has written since the proof is not thrown away.
unmake_person() {
  _dir=$(getent passwd "$_name" | cut -d: -f6)
  if [ -n "$_dir" ]; then
    printf '%s\n' "$_dir" >"$_was/home"
    end_sessions "$_name"
    userdel -f "$_name" >/dev/null 2>&1 9>&- || true
    ! grep -q "^$_name:" /etc/passwd || return 1
  fi
  _dir=$(cat "$_was/home" 2>/dev/null) || return 0
  [ -d "$_dir" ] || return 0
  if [ -e "$CHANGES/$1/roster.made" ] && [ -n "$(find "$_dir" -type f -newer "$CHANGES/$1/roster.made" | head -n 1)" ]; then
    mv -T "$_dir" "$_dir.bastionctl-$1" && journal "$1" "kept: $_dir.bastionctl-$1 has files that are newer than the account"
  else
    rm -rf "$_dir"
  fi
  sync "${_dir%/*}"
}

# restore_person ID: groups that were given, the date of expiry, and the keys.
restore_person() {
  for _group in $(printf '%s' "$_groups" | tr ',' ' '); do
    grep -q "^$_group:" "$_was/member-group" || gpasswd -d "$_name" "$_group" >/dev/null 2>&1 9>&- || true
  done
  if [ -n "$_expires" ]; then
    _days=$(cut -d: -f8 "$_was/shadow")
    usermod -e "${_days:-}" "$_name" >/dev/null 2>&1 9>&- || return 1
  fi
  if [ -f "$_was/list-keys" ] || [ -f "$_was/list-drop" ]; then restore_keys; fi
}

# restore_keys: byte for byte where nobody has touched them since, else line by line: what was given goes, what was taken comes back.
restore_keys() {
  _dir=$(cat "$_was/home") _keys=$(cat "$_was/keys-path")
  _now=$(digest "$_keys")
  [ "$_now" != "$(digest "$_was/keys")" ] || return 0
  if [ "$_now" = "$(cat "$_was/keys-after" 2>/dev/null)" ]; then
    if [ -s "$_was/keys" ]; then write_keys "$_keys" "$_name" "$_dir" <"$_was/keys"; else rm -f "$_keys"; fi
    return
  fi
  prints "$_was/keys" | sort -u >"$_was/prints-old"
  [ ! -f "$_was/list-keys" ] || prints "$_was/list-keys" | grep -vxFf "$_was/prints-old" >"$_was/take"
  [ ! -f "$_was/list-drop" ] || while IFS= read -r _line; do
    ! dropped "$(print_of "$_line")" "$_was/list-drop" || printf '%s\n' "$_line"
  done <"$_was/keys" >"$_was/give"
  merge_keys "$_keys" "$_was/give" "$_was/take"
}

# return_person ID: the account's lines, memberships, jobs, factor and home.
return_person() {
  for _db in $DATABASES; do
    [ ! -s "$_was/$_db" ] || grep -q "^$_name:" "/etc/$_db" || insert_line "/etc/$_db" "$_was/$_db" "$(cat "$_was/$_db.behind")" || return 1
  done
  for _db in group gshadow; do
    rejoin "/etc/$_db" "$_name" "$_was/member-$_db" || return 1
  done
  _n=0
  [ ! -s "$_was/aside" ] || while IFS= read -r _path <&3; do
    _n=$((_n + 1))
    [ ! -e "$_was/aside-$_n" ] || [ "$(digest "$_path")" = "$(digest "$_was/aside-$_n")" ] ||
      put_back_copy "$_was/aside-$_n" "$_path" "$(digest "$_was/aside-$_n")" || return 1
  done 3<"$_was/aside"
  _dir=$(cat "$_was/home")
  if [ -e "$_dir" ]; then
    :
  elif [ -d "$_dir.bastionctl-$1" ]; then
    mv -T "$_dir.bastionctl-$1" "$_dir" && sync "${_dir%/*}" || return 1
  elif [ -s "$_was/archive" ]; then
    # Beside its place first: a home that is half there is none.
    _half=${_dir%/*}/.bastionctl-$1
    rm -rf "$_half" && mkdir -p "$_half" && tar -C "$_half" -xzpf "$(cat "$_was/archive")" --numeric-owner &&
      sync -f "$_half" && mv -T "$_half/${_dir##*/}" "$_dir" && sync "${_dir%/*}" || return 1
  fi
  rm -rf "$(archive_of "$_name" "$1")" "$(archive_of "$_name" "$1").new" "${_dir%/*}/.bastionctl-$1"
  rmdir "$HOMES" 2>/dev/null || true
}

# insert_line DATABASE COPY BEHIND: the line in COPY behind the one of BEHIND, or at the end where that is gone.
insert_line() {
  # shellcheck disable=SC2016 # awk
  rewrite "$1" -v copy="$2" -v behind="$3" '
    BEGIN { getline text <copy; if (behind == "") { print text; done = 1 } }
    { print }
    $1 == behind && !done { print text; done = 1 }
    END { if (!done) print text }'
}

# rejoin DATABASE NAME COPY: the account is a member again of the groups in COPY; a group that nobody has touched gets its old line back.
rejoin() {
  [ -s "$3" ] || return 0
  # shellcheck disable=SC2016 # awk
  rewrite "$1" -v copy="$3" -v name="$2" '
    function without(line, f, m, n, i, rest) {
      split(line, f, ":")
      n = split(f[4], m, ",")
      for (i = 1; i <= n; i++) if (m[i] != name) rest = rest (rest == "" ? "" : ",") m[i]
      return f[1] ":" f[2] ":" f[3] ":" rest
    }
    BEGIN { while ((getline line <copy) > 0) { split(line, f, ":"); old[f[1]] = line } }
    ($1 in old) && without($0) == $0 { if ($0 == without(old[$1])) $0 = old[$1]; else $0 = $0 ($4 == "" ? "" : ",") name }
    { print }'
}

# rewrite DATABASE AWK-ARGUMENT…: under the locks that useradd and its like take (lckpwdf(3) is for libraries).
rewrite() {
  _file=$1 _temp=$1.bastionctl-new
  shift
  lock_databases || return 1
  cp -p --preserve=all "$_file" "$_temp" && awk -F: "$@" "$_file" >"$_temp" && [ -s "$_temp" ] && sync "$_temp" &&
    mv -fT "$_temp" "$_file" && sync "${_file%/*}"
  _did=$?
  rm -f "$_temp"
  unlock_databases
  return "$_did"
}

lock_databases() {
  for _lock in $DATABASES; do
    [ -e "/etc/$_lock" ] || continue
    _tries=0
    echo $$ >"/etc/$_lock.$$" || return 1
    until ln "/etc/$_lock.$$" "/etc/$_lock.lock" 2>/dev/null; do
      _tries=$((_tries + 1))
      if [ "$_tries" -gt 100 ]; then
        rm -f "/etc/$_lock.$$"
        unlock_databases
        return 1
      fi
      sleep 0.1
    done
    rm -f "/etc/$_lock.$$"
  done
}

unlock_databases() {
  for _lock in $DATABASES; do
    [ "$(cat "/etc/$_lock.lock" 2>/dev/null)" != $$ ] || rm -f "/etc/$_lock.lock"
  done
}

archive_of() { printf '%s/%s-%s.tar.gz\n' "$HOMES" "$1" "$2"; }

# settle_roster ID: what waited for the confirm: homes of those who are gone. May be repeated.
settle_roster() {
  [ -s "$CHANGES/$1/roster" ] || return 0
  while IFS='|' read -r _name _action _uid _shell _comment _groups _expires _house <&4; do
    [ "$_action" = remove ] || continue
    _was=$CHANGES/$1/people/$_name
    _dir=$(cat "$_was/home").bastionctl-$1
    [ -d "$_dir" ] || continue
    if [ "$_house" = archive ]; then
      _archive=$(archive_of "$_name" "$1")
      # Below the name that it had, so that it unpacks where it was.
      mkdir -p "$HOMES" && tar -C "${_dir%/*}" --format=posix --transform "s|^${_dir##*/}|$(basename "$(cat "$_was/home")")|" --numeric-owner -czf "$_archive.new" "${_dir##*/}" 2>/dev/null &&
        sync "$_archive.new" && mv -fT "$_archive.new" "$_archive" && printf '%s\n' "$_archive" >"$_was/archive" && sync "$_was/archive" || return 1
    fi
    rm -rf "$_dir"
  done 4<"$CHANGES/$1/roster"
}

# created NAME: whether the account is one that the change makes.
created() { grep -q "^$1|create|" "$RUN/data/roster" 2>/dev/null; }

# new_keys view|live: sshd accepts every key that was given, and none of those that were taken away. The first surprise is in $FAILED.
new_keys() {
  if [ -s "$RUN/data/roster-new" ]; then
    offers "$1" "$RUN/data/roster-new" "$RUN/offers-new"
    _odd=$(grep -v '|accepted$' "$RUN/offers-new" | head -n 1)
    [ -z "$_odd" ] || { FAILED="sshd does not accept the new key $_odd"; return 1; }
  fi
  if [ -s "$RUN/data/roster-gone" ]; then
    if [ "$1" = view ]; then _after=$RUN/offers-staged; else _after=$RUN/offers-after; fi
    _odd=$(sed 's/$/|accepted/' "$RUN/data/roster-gone" | grep -xFf - "$_after" | head -n 1)
    [ -z "$_odd" ] || { FAILED="sshd still accepts ${_odd%|accepted}"; return 1; }
  fi
}

# given_keys ID OFFERS: account|fingerprint of what the change gave: it goes when the change is undone.
given_keys() {
  [ -s "$CHANGES/$1/roster" ] || return 0
  while IFS='|' read -r _name _action _ <&4; do
    case $_action in
    create) sed -n "s/^\($_name|[^|]*\)|.*/\1/p" "$2" ;;
    *) [ ! -f "$CHANGES/$1/people/$_name/list-keys" ] || prints "$CHANGES/$1/people/$_name/list-keys" | sed "s/^/$_name|/" ;;
    esac
  done 4<"$CHANGES/$1/roster"
}
