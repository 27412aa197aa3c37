# shellcheck shell=sh
# Written by bastionctl enable-mfa: makes people who have no second factor yet set one up in their first interactive
# ssh session. Everywhere else (scp, sftp, rsync, ssh host command, sudo, cron) it prints nothing and ends nothing.

# Read by login shells of every kind, with whatever options they have set: no functions, no variables, no traps that stay.
if [ "${1-}" != bastionctl-mfa-enrol ]; then
  case $- in
  *i*)
    if [ -n "${SSH_TTY-}" ] && [ -n "${SSH_CONNECTION-}" ] && [ -t 0 ] && [ -t 1 ] && [ -n "${HOME-}" ] &&
      [ ! -e "${HOME-}/.google_authenticator" ] && [ "$(id -u)" != 0 ]; then
      # An interrupt would end the reading of the profile instead of the session.
      trap : INT
      sh /etc/profile.d/bastionctl-mfa-enrol.sh bastionctl-mfa-enrol || {
        rm -f "${HOME-}/.google_authenticator~"
        printf '\nYou have not set up a second factor, so this session ends here. Log in again to set it up.\n' >&2
        exit 1
      }
      trap - INT
    fi
    ;;
  *) ;;
  esac
else
  # A process of its own from here on: 0 lets in, all else ends the session.
  PATH=/usr/local/bin:/usr/bin:/bin
  name=$(id -un)

  # Ctrl-C ends this shell too, and that ends the session: a trap would wait for the command under way, and a shell that
  # is about to start one has its child lose the signal.
  trap '' QUIT TSTP

  # A group's name may have blanks: the users of a directory are in "domain users", and in no group "users" by that.
  case "|$(id -Gnz 2>/dev/null | tr '\0' '|')|" in
  *'|breakglass|'*) exit 0 ;;
  *'|robots|'*) exit 0 ;;
  *) ;;
  esac

  unable() {
    printf '\nbastionctl: %s. You are let in without a second factor this time;\nplease tell your administrator.\n\n' "$1" >&2
    exit 0
  }
  secret="${HOME-}/.google_authenticator"
  # Gone before it is written to, so that nothing is left whenever this ends.
  # shellcheck disable=SC2094 # nothing is read
  writable() {
    { rm -f "$secret.try" && head -c 2048 /dev/zero; } >"$secret.try"
  }

  command -v google-authenticator >/dev/null 2>&1 || unable 'google-authenticator is not installed'
  # What an interrupted run left behind makes the tool refuse to write.
  rm -f "$secret~" 2>/dev/null
  writable 2>/dev/null || unable "cannot write to $HOME"

  cat <<'EOF'

This host asks for a second factor, and you have none yet. Set it up now: open an authenticator app,
scan the code below, and type the six digits that the app shows. Keep the emergency codes in a safe place.
Ctrl-C ends the session; you will be asked again.

EOF
  # Half blocks make a QR code of 24 lines and 45 columns; without them it is wider than most windows, and wraps.
  case ${LC_ALL:-${LC_CTYPE:-${LANG-}}} in
  '' | C | POSIX | *[Uu][Tt][Ff]*8*) qr=UTF8 ;;
  *) qr=ANSI ;;
  esac
  google-authenticator -Q "$qr" -t -d -f -r 3 -R 30 -w 3 \
    -l "$name@$(uname -n)" -i "$(uname -n)"
  if [ -s "$secret" ]; then
    # Since when, which the file's time does not say: the module writes it anew at each login, and keeps this line.
    { chmod 0600 "$secret" && printf '" BASTIONCTL_SINCE %s\n' "$(date +%s)" >>"$secret"; } 2>/dev/null
    chmod 0400 "$secret" 2>/dev/null
    printf '\nDone. From your next login on you are asked for a code from the app.\n\n'
    exit 0
  fi
  rm -f "$secret~" 2>/dev/null
  writable 2>/dev/null || unable "cannot write to $HOME"
  exit 1
fi
