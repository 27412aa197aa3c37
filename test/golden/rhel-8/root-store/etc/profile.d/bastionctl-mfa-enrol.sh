# shellcheck shell=sh
# Written by bastionctl enable-mfa: makes people who have no second factor yet set one up in their first interactive
# ssh session. Everywhere else (scp, sftp, rsync, ssh host command, sudo, cron) it prints nothing and ends nothing.

# Read by login shells of every kind, with whatever options they have set: no functions, no variables, no traps that stay.
if [ "${1-}" != bastionctl-mfa-enrol ]; then
  case $- in
  *i*)
    if [ -n "${SSH_TTY-}" ] && [ -n "${SSH_CONNECTION-}" ] && [ -t 0 ] && [ -t 1 ] && [ -n "${HOME-}" ] &&
      [ ! -e "/var/lib/google-authenticator/$(id -un)" ] && [ "$(id -u)" != 0 ]; then
      # An interrupt would end the reading of the profile instead of the session.
      trap : INT
      sh /etc/profile.d/bastionctl-mfa-enrol.sh bastionctl-mfa-enrol || {
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


  unable() {
    printf '\nbastionctl: %s. You are let in without a second factor this time;\nplease tell your administrator.\n\n' "$1" >&2
    exit 0
  }
  # People cannot write where factors are: this does it for them. 3: it cannot, and has said why; 1 is sudo's own.
  sudo -n /usr/local/sbin/bastionctl-mfa-enrol
  case $? in
  0) exit 0 ;;
  1 | 3) unable 'no second factor can be set up' ;;
  *) exit 1 ;;
  esac
fi
