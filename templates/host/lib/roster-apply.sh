# shellcheck shell=sh
# The part of roster.sh that carries out a roster, for a change that has one; the guard and the confirm do without. Whom it makes and takes away: roster-accounts.sh.

# --- the record, below record_roster

record_person() {
  _was=$CHANGES/$1/people/$_name
  mkdir -p "$_was" || return 1
  for _list in keys drop leave; do
    [ ! -f "$RUN/data/roster-$_list/$_name" ] || cp "$RUN/data/roster-$_list/$_name" "$_was/list-$_list" || return 1
  done
  if [ "$_action" = create ]; then
    nobody_yet && new_home "$_name" >"$_was/home" && new_uid "$_uid" >"$_was/uid" && belongings "$_name" >"$_was/there" || return 1
    # Of what they enrol by themselves, too.
    factor_place "$_name" "$(cat "$_was/home")" >"$_was/factor-place"
    return
  fi
  home_of "$_name" >"$_was/home" && id -u "$_name" >"$_was/uid" || return 1
  if [ "$_action" = remove ] || [ -f "$_was/list-keys" ] || [ -f "$_was/list-drop" ]; then record_keys || return 1; fi
  [ -z "$_factor" ] || record_factor || return 1
  for _db in $DATABASES; do
    [ ! -r "/etc/$_db" ] || record_lines "$_name" "/etc/$_db" "$_was/$_db" || return 1
  done
  for _db in group gshadow; do
    memberships "$_name" "/etc/$_db" >"$_was/member-$_db" || return 1
  done
}

# --- carrying it out

# apply_roster view|live [ID]: in a view nobody's session ends, no home moves, and nothing is written that is not covered.
apply_roster() {
  # Somebody's hooks would reach out of the view.
  [ "$1" = live ] || { rm -rf /etc/shadow-maint; sed -i 's/^USERDEL_CMD/#&/' /etc/login.defs; }
  each_person "$RUN/data/roster" apply_person "$1" "${2-}" && { [ "$1" = view ] || sync /etc; }
}

apply_person() {
  _was=$CHANGES/${2:-none}/people/$_name
  case $_action in
  create) create_person "$1" ;;
  update) update_person "$1" ;;
  remove) remove_person "$1" "$2" ;;
  *) false ;;
  esac || { echo "account $_name: $_action has failed"; return 1; }
}

# update_person view|live
update_person() {
  _dir=$(home_of "$_name") _where=$1
  [ -z "$_groups" ] || usermod -a -G "$_groups" "$_name" 2>&1 9>&- || return 1
  [ ! -s "$RUN/data/roster-leave/$_name" ] || while IFS= read -r _group; do
    _said=$(gpasswd -d "$_name" "$_group" 2>&1 9>&-) || { echo "$_said"; return 1; }
  done <"$RUN/data/roster-leave/$_name"
  if [ -n "$_expires" ]; then
    _end=$(set_day) || return 1
    usermod -e "$_end" "$_name" 2>&1 9>&- || return 1
    if [ "$_where" != live ]; then
      :
    # Locked: who is in goes out.
    elif shut_by "$_end"; then
      shut_out "$_name"
    elif shut_by "$(old_day)"; then
      linger_on
    fi
  fi
  if [ -s "$RUN/data/roster-keys/$_name" ] || [ -s "$RUN/data/roster-drop/$_name" ]; then give_keys || return 1; fi
  # A factor that moves has done so already.
  [ "$_factor:$_where" = moved:live ] || give_factor
}

# shut_out NAME: as end_sessions; what a host cannot end, waiting for a disk, is said.
shut_out() {
  end_sessions "$1" || echo "still running as $1, and cannot be ended: $(echo "$_running" | paste -sd ' ' -)" >>"$RUN/remark"
}

# --- proof

# new_keys view|live: sshd accepts every key that was given, and none of those that were taken away. The first surprise is in $FAILED.
new_keys() {
  if [ -s "$RUN/data/roster-new" ]; then
    offers "$1" "$RUN/data/roster-new" "$RUN/offers-new"
    _odd=$(grep -v '|accepted$' "$RUN/offers-new" | head -n 1)
    [ -z "$_odd" ] || { FAILED="sshd does not accept the new key $_odd"; return 1; }
  fi
  if [ -s "$RUN/data/roster-gone" ]; then
    if [ "$1" = view ]; then _after=$RUN/offers-staged; else _after=$RUN/offers-after; fi
    _odd=$(sed 's/.*/&|accepted\n&|unknown/' "$RUN/data/roster-gone" | grep -xFf - "$_after" | head -n 1 | tr '|' ' ')
    case $_odd in
    '') ;;
    *accepted) FAILED="sshd still accepts ${_odd% *}" && return 1 ;;
    *) FAILED="sshd does not say whether it still accepts ${_odd% *}" && return 1 ;;
    esac
  fi
}
