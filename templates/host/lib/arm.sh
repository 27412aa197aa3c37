# shellcheck shell=sh
# Arming: copies, guard and timer are in place and on disk before the first write to anything that decides a login (G1).

# stage_change ID SECONDS: the change's folder, with what the guard has to know, and what a later look at the host is compared with.
stage_change() {
  _nth=$(next_nth)
  mkdir "$CHANGES/$1" && echo "$_nth" >"$CHANGES/$1/nth" && cp -t "$CHANGES/$1" -- "$RUN/data/manifest" "$RUN/data/expect" "$RUN"/sshd-args* && sshd_files >"$CHANGES/$1/sshd-files" || return 1
  [ ! -e "$RUN/offers-before" ] || cp "$RUN/offers-before" "$CHANGES/$1/offers" || return 1
  awk -F'|' -v OFS='|' '{ print NR, $0 }' "$RUN/data/files" >"$CHANGES/$1/files" &&
    sort -t'|' -k1,1nr "$CHANGES/$1/files" >"$CHANGES/$1/files.reverse" || return 1
  write_state "$1" staged 0 0 ''
}

# arm ID SECONDS: from here on the guard needs nobody.
arm() {
  make_folders "$1" && cp "$RUN/guard.sh" "$LIBEXEC/$1/guard.sh" || return 1
  _guards=
  for _lib in env files state sshd accounts restore databases keys keys-edit factors roster roster-undo roster-accounts-undo; do
    # Some are sent only with what needs them.
    [ ! -e "$RUN/lib/$_lib.sh" ] || _guards="$_guards $RUN/lib/$_lib.sh"
  done
  # shellcheck disable=SC2086 # one word a library; $RUN has no blanks
  cp -t "$LIBEXEC/$1/lib" -- $_guards || return 1
  relabel "$LIBEXEC"
  set_deadline "$1" "$2" && install_units "$1" "$2" && sync -f "$STATE" "$LIBEXEC" "$UNITS" && start_timer "$1"
}

# start_timer ID: from 244 on systemd finds new units by itself, which saves running all generators; an older one (RHEL 8 has 239) is told
# to look again, and so is one that has not seen the deadline.
start_timer() {
  if systemctl start "bastionctl-guard@$1.timer" 9>&- && timer_runs "$1"; then return 0; fi
  systemctl daemon-reload 9>&- && systemctl restart "bastionctl-guard@$1.timer" 9>&- && timer_runs "$1"
}

# timer_runs ID: systemd counts by both clocks, and knows what to start then.
timer_runs() {
  systemctl show -p LoadState -p ActiveState -p NextElapseUSecRealtime -p NextElapseUSecMonotonic \
    "bastionctl-guard@$1.timer" "bastionctl-guard@$1.service" | awk -F= '
    $0 == "LoadState=loaded" { loaded++ }
    $0 == "ActiveState=active" { active++ }
    /^NextElapse/ && $2 != "" && $2 != "infinity" { clocks++ }
    END { exit !(loaded == 2 && active == 1 && clocks == 2) }'
}

# record ID: full copies of both sides, with owner, mode, label and time.
record() {
  while IFS='|' read -r _n _path _action _fmode _owner _group _before _after; do
    # A rename would put a file in the link's place, and its mode is not the file's.
    if [ -L "$_path" ]; then
      echo "$_path is a symbolic link"
      return 1
    fi
    mkdir -p "$CHANGES/$1/before${_path%/*}" "$CHANGES/$1/after${_path%/*}" || return 1
    if [ "$_before" != absent ]; then
      cp -p --preserve=all "$_path" "$CHANGES/$1/before$_path" && [ "$(digest "$CHANGES/$1/before$_path")" = "$_before" ] || return 1
    fi
    if [ "$_after" != absent ]; then
      cp "$RUN/data/content$_path" "$CHANGES/$1/after$_path" && [ "$(digest "$CHANGES/$1/after$_path")" = "$_after" ] || return 1
    fi
  done <"$CHANGES/$1/files"
}

# stash ID: the old files once more, where rename(2) reaches their places. Outside of /etc, where no file decides a login, the record's copy
# has to do where it does not.
stash() {
  while IFS='|' read -r _n _path _action _fmode _owner _group _before _after; do
    [ "$_before" = absent ] && continue
    cp -p --preserve=all "$CHANGES/$1/before$_path" "$STASH/$1/$_n" && [ "$(digest "$STASH/$1/$_n")" = "$_before" ] || return 1
    # rename(2) crosses neither file systems nor mounts, as a second name does not; device numbers tell neither everywhere (overlayfs).
    if ! rm -f "$_path.bastionctl-new" || ! ln "$STASH/$1/$_n" "$_path.bastionctl-new" || ! rm -f "$_path.bastionctl-new"; then
      case $_path in
      /etc/*)
        echo "$_path cannot be put back by a rename from $STASH"
        return 1
        ;;
      *) rm -f "$STASH/$1/$_n" ;;
      esac
    fi
  done <"$CHANGES/$1/files"
}

# make_folders ID: what did not exist before is on record before it does, so that it can go again.
make_folders() {
  _made=
  for _folder in "${LIBEXEC%/*}" "$LIBEXEC" "$LIBEXEC/$1" "$LIBEXEC/$1/lib" "$STASH" "$STASH/$1" \
    "$UNITS/timers.target.wants" "$UNITS/sysinit.target.wants" "$UNITS/multi-user.target.wants" "$UNITS/bastionctl-guard@$1.timer.d"; do
    [ -d "$_folder" ] || _made="$_made${_made:+
}$_folder"
  done
  write_text "$CHANGES/$1/made" "$_made" || return 1
  xargs -r -d '\n' mkdir -m 0755 -- <"$CHANGES/$1/made" && chmod 0700 "$STASH"
}

# make_places ID: folders for the change's files, on record before they are there. Once: a roll back later on arms anew.
make_places() {
  _factors=$(value factor "$RUN/data/manifest")
  _factors=${_factors%/*}
  write_text "$CHANGES/$1/made-for-files" "$(missing_folders)" || return 1
  while read -r _folder; do
    case $_folder in
    */.ssh) _fmode=0700 ;;
    # To be passed, not read: people may see whether they are enrolled.
    "${_factors:-none}") _fmode=0711 ;;
    *) _fmode=0755 ;;
    esac
    mkdir -m "$_fmode" "$_folder" && relabel "$_folder" || return 1
  done <"$CHANGES/$1/made-for-files"
}

# missing_folders: what has to be there for the files, and for factors where those are in one folder, and is not; from the top down.
missing_folders() {
  {
    awk -F'|' '$7 != "absent" { print $1 }' "$RUN/data/files"
    if grep -Eq '\|(fresh|own)\|' "$RUN/data/cases" || [ -s "$RUN/data/roster" ]; then value factor "$RUN/data/manifest"; fi
  } | while read -r _path; do
    _folder=${_path%/*}
    case $_folder in
    *%*) continue ;;
    *) ;;
    esac
    while [ ! -d "$_folder" ]; do
      printf '%s\n' "$_folder"
      _folder=${_folder%/*}
    done
  done | sort -u
}

install_units() {
  install -m 0644 "$RUN"/units/* "$UNITS" || return 1
  for _unit in "$RUN"/units/*; do relabel "$UNITS/${_unit##*/}"; done
  for _link in timers.target.wants/bastionctl-guard@.timer sysinit.target.wants/bastionctl-boot-restore@.service \
    multi-user.target.wants/bastionctl-boot-prove@.service; do
    _wants=$UNITS/${_link%/*}
    _name=${_link#*/}
    ln -sf "$UNITS/$_name" "$_wants/${_name%@*}@$1.${_name##*.}" || return 1
  done
  timer_dropin "$1" "$2"
}

timer_dropin() {
  clock
  write_text "$UNITS/bastionctl-guard@$1.timer.d/deadline.conf" "[Timer]
OnActiveSec=$2
OnCalendar=$(date -u -d "@$((NOW + $2))" '+%Y-%m-%d %H:%M:%S UTC')"
}

# commit ID: the new files, one rename each. Where PAM's come behind sshd's, sshd reads its own first: it would ask for a factor that PAM does not.
commit() {
  _sshd=''
  while IFS='|' read -r _n _path _action _fmode _owner _group _before _after <&4; do
    case $_path:$_sshd in
    /etc/ssh/*) _sshd=new ;;
    /etc/pam.d/*:new) reload_sshd && _sshd=knows || return 1 ;;
    *) ;;
    esac
    if [ "$(digest "$_path")" != "$_before" ]; then
      echo "moved under the change: $_path"
      return 1
    fi
    if [ "$_after" = absent ]; then
      rm -f "$_path" && sync "${_path%/*}"
    else
      place "$CHANGES/$1/after$_path" "$_path" "$_fmode" "$_owner" "$_group" "$_after"
    fi || { echo "could not be written: $_path"; return 1; }
  done 4<"$CHANGES/$1/files"
  follow_timer "$1" || { echo "systemd does not take $SUNSET.timer"; return 1; }
}
