# shellcheck shell=sh
# The plan's login cases, tried and judged. A case is id|phase|account|factor|answer|expect|prompted.

# run_cases PHASE MODE: appends id|phase|account|got|expect|key|prompted|ok to $LOGINS; the first surprise is in $FAILED.
run_cases() {
  FAILED=
  _code=
  while IFS='|' read -r _id _phase _name _factor _reply _expect _asks <&3; do
    [ "$_phase" = "$1" ] || continue
    _real=$_name
    case $_name in
    @*) _real=$(probe_of "$_name") ;;
    *) ;;
    esac
    _home=$(home_of "$_real")
    _secret=$(factor_path "$_real" "$_home")
    # A rehearsal touches nobody's factor but in the view.
    if [ "$2" = view ] && ! covered "$_secret"; then
      FAILED="$_secret cannot be kept apart from the live one"
      return 1
    fi
    # Nor does a proof, of an account that is somebody's; and where somebody's processes may run, root writes nothing of theirs.
    _whose=$2:
    case $_name in
    @*) _whose= ;;
    *) ;;
    esac
    case $_whose$_factor:$_reply in
    *replay | *own:* | live:*) ;;
    *fresh:*)
      { make_factor && write_factor "$_secret" "$_real" "$_home" <"$WORK/factor"; } || { FAILED="$_name: no factor could be made at $_secret: can its owner get there?"; return 1; }
      _code=$CODE
      ;;
    *) drop_factor "$_secret" "$_real" "$_home" || { FAILED="$_name: its factor could not be taken away"; return 1; } ;;
    esac
    if [ "$_factor" = own ]; then
      lend_code "$_secret" "$_real" "$_home" || { FAILED="$_name: its new factor cannot be read"; return 1; }
      _code=$CODE
    fi
    case $_reply in
    right | replay) try "$2" "$_real" "$_reply" "$_code" ;;
    wrong) try "$2" "$_real" "$_reply" "$WRONG" ;;
    *) try "$2" "$_real" "$_reply" '' ;;
    esac
    if [ "$_factor" = own ]; then
      write_factor "$_secret" "$_real" "$_home" <"$WORK/own-factor" || { FAILED="$_name: its new factor cannot be put right"; return 1; }
    fi
    judge
    printf '%s|%s|%s|%s|%s|%s|%s|%s\n' "$_id" "$_phase" "$_name" "$GOT" "$_expect" "$KEY" "$PROMPTED" "$OK" >>"${LOGINS:-$RUN/logins}"
    if [ "$OK" = 0 ] && [ -z "$FAILED" ]; then
      _cause=
      if [ "$KEY" = 0 ]; then
        _cause=$(loose_modes "$_real" "$_home" "$(keys_path "$_real" "$_home")")
        _cause=${_cause:+$_cause, and sshd then reads no key}
      elif [ "$_phase" = baseline ] && grep -q 'by PAM account configuration' "$WORK/log"; then
        _cause="the account phase of PAM keeps it out today: harden, enable-mfa and disable-mfa do without its login by --kept-out $_name"
      fi
      FAILED="$_id as $_name: expected $_expect, got $GOT (key accepted: $KEY, prompted: $PROMPTED): ${_cause:-$(why_refused)}"
      return 1
    fi
  done 3<"${CASES:-$RUN/data/cases}"
  [ -z "$FAILED" ]
}

# prove_cases: the live ones; those of @other beside the rest, from addresses and in a folder of their own.
prove_cases() {
  if ! grep -q '|@other' "$RUN/data/cases"; then
    run_cases prove live
    return
  fi
  grep -v '|@other' "$RUN/data/cases" >"$WORK/cases-rest"
  grep '|@other' "$RUN/data/cases" >"$WORK/cases-other"
  cases_in rest &
  _rest=$!
  ATTEMPT=$(((ATTEMPT + 6000) % 12000))
  cases_in other &
  _passed=0
  wait "$!" || _passed=1
  wait "$_rest" || _passed=1
  cat "$WORK/rest/logins" "$WORK/other/logins" >>"$RUN/logins"
  FAILED=$(cat "$WORK/rest/failed" "$WORK/other/failed" | head -n 1)
  [ "$_passed" = 0 ] || : "${FAILED:=its logins could not be begun}"
  return "$_passed"
}

cases_in() {
  mkdir "$WORK/$1" && cp "$WORK/key" "$WORK/$1" || return 1
  CASES=$WORK/cases-$1
  WORK=$WORK/$1
  LOGINS=$WORK/logins
  printf '' >"$LOGINS"
  run_cases prove live
  _all=$?
  printf '%s' "${FAILED:+$FAILED
}" >"$WORK/failed"
  return "$_all"
}

# A refusal counts only if the key was accepted and the prompt was seen, or was not, as expected: anything else may refuse
# for a reason of its own. A baseline only has to get in.
judge() {
  OK=0
  [ "$GOT" = "$_expect" ] && [ "$KEY" = 1 ] || return 0
  if [ "$_phase" = baseline ] || [ "$PROMPTED" = "$_asks" ]; then OK=1; fi
}

# check_expectations: what sshd says it would do for each class of user, from loopback and from $WORK/origins, not what was written.
check_expectations() {
  sshd_judges "$RUN/data/expect" "$ARGS" "$WORK/origins" >"$WORK/judged"
  grep '^no|' "$WORK/judged" >"$WORK/unmet" || return 0
  IFS='|' read -r _ _seen _from _name _keyword _value _ <"$WORK/unmet"
  FAILED="$_name${_from:+ from $_from}: $_keyword is \"$_seen\", not \"$_value\": something else decides it$(others_set "$_keyword" "$_name" "$_from")"
  return 1
}

# others_set KEYWORD ACCOUNT [ORIGIN]: the line that decides, for a message: the first in a Match block that holds, else sshd's command
# line, else the first one.
others_set() {
  # Either name of a keyword that has two (OpenSSH 8.5 and 8.7 have renamed them).
  case $1 in
  kbdinteractiveauthentication | challengeresponseauthentication) _names='(kbdinteractive|challengeresponse|skey)authentication' ;;
  pubkeyacceptedalgorithms | pubkeyacceptedkeytypes) _names='pubkeyaccepted(algorithms|keytypes)' ;;
  hostbasedacceptedalgorithms | hostbasedacceptedkeytypes) _names='hostbasedaccepted(algorithms|keytypes)' ;;
  # RHEL's alias.
  requiredrsasize) _names='(requiredrsa|rsamin)size' ;;
  *) _names=$1 ;;
  esac
  settings "$_names" /etc/ssh/sshd_config | grep -v '^[^|]*/[0-9]*-bastionctl-' >"$WORK/set"
  while IFS='|' read -r _line _criteria; do
    if [ -n "$_criteria" ] && holds "$2" "${3-}" "$_criteria" </dev/null; then
      printf ': %s' "$_line"
      return
    fi
  done <"$WORK/set"
  if grep -Eqi "^(-o)? *\"?${_names}[ =]" "$ARGS"; then echo ': the command line of sshd'; else sed -n '/|$/ { s/^/: /; s/|$//p; q; }' "$WORK/set"; fi
}

# holds ACCOUNT ORIGIN CRITERIA: sshd says whether a Match line of these does.
holds() {
  sshd_says "$1" "$ARGS"
  { grep '^hostkey ' "$SAID" && printf 'Match %s\nMaxSessions 77\n' "$3"; } >"$WORK/match"
  printf '%s\n' -f "$WORK/match" >"$WORK/match-args"
  ask_sshd "$1" "$WORK/match-args" "$2" 2>/dev/null | grep -qx 'maxsessions 77'
}

# helper_starts: a program that the change lets people start as root can be started by them, and nobody else writes it. Without a
# terminal it ends at once, with 0 or 3; 1 is sudo's own.
helper_starts() {
  _helper=$(awk -F'|' '$1 ~ /^\/usr\/local\/sbin\// && $7 != "absent" { print $1; exit }' "$RUN/data/files")
  [ -n "$_helper" ] || return 0
  roots_alone "${_helper%/*}" || { FAILED="others than root can change what is in ${_helper%/*}"; return 1; }
  while read -r _who <&3; do
    [ "$(id -u "$_who")" != 0 ] || continue
    as_owner "$_who" sudo -n "$_helper" </dev/null >"$WORK/helper" 2>&1
    case $? in
    0 | 3) ;;
    *) FAILED="$_who cannot start $_helper by sudo: $(plain "$(tail -n 2 "$WORK/helper")")"; return 1 ;;
    esac
  done 3<"$WORK/accounts"
}
