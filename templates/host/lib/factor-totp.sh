# shellcheck shell=sh
# What the program has to know of a factor of pam_google_authenticator(8): how to make one up, and how to answer for one. All else of a
# factor is a file at a place.

# make_factor: the text of a fresh factor in $WORK/factor; $CODE is the right answer, $WRONG is not.
# Its rate limit refuses even a right fourth code, so every case has a factor of its own. Scratch codes prove no clock.
make_factor() {
  CODE=9$(digits 7)
  WRONG=1$(digits 7)
  # Nobody computes a code of it.
  : "${THROW_AWAY:=$(random_secret)}"
  { echo "$THROW_AWAY" && totp_settings && echo "$CODE"; } >"$WORK/factor"
}

# lend_code PLACE NAME HOME: $CODE gets in once by the account's own factor, which is put right from $WORK/own-factor afterwards. Logins of
# the last half minute do not count against it.
lend_code() {
  CODE=9$(digits 7)
  read_factor "$1" "$2" "$3" >"$WORK/own-factor" &&
    { sed 's/^\(" RATE_LIMIT [0-9]* [0-9]*\).*/\1/' "$WORK/own-factor" && echo "$CODE"; } | write_factor "$1" "$2" "$3"
}

# --- a secret that is handed over

# totp_factor SECRETS: the text of a factor whose secret is the first line of a file, and whose scratch codes are the others.
totp_factor() {
  head -n 1 "$1"
  totp_settings
  # Since when it is there, which the time of its file does not say: the module writes it anew at each login, and keeps options that it
  # does not know.
  printf '" BASTIONCTL_SINCE %s\n' "$(epoch)"
  sed 1d "$1"
}

# totp_codes FILE CODES: the text of a factor with other scratch codes.
totp_codes() { grep -vxE '[0-9]{8}' "$1" && cat "$2"; }

# totp_settings: the lines behind a secret, as google-authenticator(1) writes them with the settings of the AWS guide.
totp_settings() { printf '" RATE_LIMIT 3 30\n" WINDOW_SIZE 3\n" DISALLOW_REUSE\n" TOTP_AUTH\n'; }
