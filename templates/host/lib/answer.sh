# shellcheck shell=sh
# The protocol: key=value lines, the verdict first, all that decides within the first 2,400 characters (a listing of
# Run Command shows 2,500); behind a line `--` a gzip'd tar in base64 for whoever looks a single host up (24,000).

# answer OUTCOME [REASON [DETAIL]]: prints and ends the program; a failure is a failure for Run Command's own list too.
answer() {
  clock
  plainly "${3-}"
  {
    printf 'bastionctl=1\noutcome=%s\nreason=%s\ndetail=%s\nnow=%s\n' "$1" "${2-}" "$PLAIN" "$NOW"
    headed '' "$RUN/extra" '' "$RUN/steps" login= "$RUN/logins"
  } >"$RUN/answer"
  if [ -n "${ID-}" ] && [ -d "$CHANGES/$ID" ]; then
    { cat "$RUN/answer" && transcript; } >>"$CHANGES/$ID/transcript" 2>/dev/null || true
  fi
  leave_nothing
  cat "$RUN/answer"
  case $1 in
  unchanged | proven | confirmed | rehearsed | rolled-back-as-asked | extended | history | sealing) exit 0 ;;
  *) exit 1 ;;
  esac
}

# headed TEXT FILE…: the lines of each FILE that is there, with TEXT in front of each, by one program for all of them.
headed() {
  _heads=$#
  while [ "$_heads" -gt 0 ]; do
    [ ! -s "$2" ] || set -- "$@" "head=$1" "$2"
    shift 2
    _heads=$((_heads - 2))
  done
  [ $# = 0 ] || awk '{ print head $0 }' "$@"
}

# extra KEY VALUE
extra() {
  plainly "$2"
  printf '%s=%s\n' "$1" "$PLAIN" >>"$RUN/extra"
}

# extra_recorded ID: what a change is, who made it, how it stands and since when.
extra_recorded() {
  extra change "$1"
  extra feature "$(value feature "$CHANGES/$1/manifest")"
  extra summary "$(value summary "$CHANGES/$1/manifest")"
  extra who "$(value who "$CHANGES/$1/manifest")"
  extra state "$(state_of "$1")"
  extra at "$(value at "$CHANGES/$1/state")"
}

# extra_pending: the change that waits, if any: which, whose, since when, until when.
extra_pending() {
  _pending=$(open_change 2>/dev/null)
  [ -n "$_pending" ] || return 0
  extra pending "$_pending"
  extra pending_state "$(state_of "$_pending")"
  extra pending_who "$(value who "$CHANGES/$_pending/manifest")"
  extra pending_since "$(value at "$CHANGES/$_pending/state")"
  extra deadline "$(deadline_of "$_pending")"
}

# extra_holder: whoever is at work here.
extra_holder() {
  { [ -e "$STATE/lock" ] && command exec 8<"$STATE/lock"; } 2>/dev/null || return 0
  if ! flock -n -s 8; then
    _who=somebody _since=$(epoch)
    if holder_works; then
      _who=$(value who "$STATE/holder") _since=$(value since "$STATE/holder")
    fi
    extra holder "$_who"
    extra since "$_since"
  fi
  exec 8<&-
}

# extra_sunset: the date at which this host makes enrolment required, if any, and what became of it the last time that it was tried.
extra_sunset() {
  [ -e "$UNITS/$SUNSET.timer" ] && _base=$(sunset_base 2>/dev/null) || return 0
  extra sunset "$(value date "$CHANGES/$_base/sunset/data/manifest")"
  extra sunset_by "$_base"
  [ -r "$CHANGES/$_base/sunset.said" ] || return 0
  for _said in at outcome reason detail; do
    extra "sunset_$_said" "$(value "$_said" "$CHANGES/$_base/sunset.said")"
  done
}

# transcript: versions and the offers, for the record on the host.
transcript() {
  printf 'openssh=%s\n' "$(cat "$RUN/openssh" 2>/dev/null || sshd_version)"
  headed 'offer=before|' "$RUN/offers-before" 'offer=present|' "$RUN/offers-present" 'offer=staged|' "$RUN/offers-staged" \
    'offer=after|' "$RUN/offers-after" file= "$RUN/data/files"
  [ ! -s "$RUN/data/roster" ] || cut -d'|' -f1,2 "$RUN/data/roster" | sed 's/^/account=/'
}

# body FOLDER: the long part.
body() {
  echo --
  tar -C "$1" -cf - . | gzip -9n | base64 -w 0
  echo
}
