# shellcheck shell=sh
# What is secret comes sealed by a key that this host has made for one change: Run Command keeps what it is sent in its history, and
# scripts lie on the host's disk for two weeks.

sealing_folder() { printf '/run/bastionctl-seal-%s\n' "$1"; }

# make_sealing_key ID: prints the public key, DER in base64 on one line. The private one is gone after one use, or ten minutes.
make_sealing_key() {
  _folder=$(sealing_folder "$1")
  # Of a try whose change was never sent.
  drop_sealing_key "$1"
  mkdir -m 0700 "$_folder" &&
    systemd-run --quiet --collect --on-active=600 --timer-property=AccuracySec=10s --unit="bastionctl-seal-$1" rm -rf "$_folder" &&
    openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:3072 -out "$_folder/key" 2>/dev/null &&
    openssl pkey -in "$_folder/key" -pubout -outform DER | base64 -w 0
}

drop_sealing_key() {
  systemctl -q stop "bastionctl-seal-$1.timer" 2>/dev/null
  rm -rf "$(sealing_folder "$1")"
}

# open_sealed ID: what was sent sealed is in clear below $RUN/secrets, which ends with the run.
open_sealed() {
  mkdir -p "$RUN/secrets" || return 1
  _opened=0
  for _one in "$RUN"/data/sealed/*; do
    base64 -d <"$_one" >"$RUN/sealed" &&
      openssl pkeyutl -decrypt -inkey "$(sealing_folder "$1")/key" -pkeyopt rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:sha256 \
        -in "$RUN/sealed" -out "$RUN/secrets/${_one##*/}" 2>/dev/null || _opened=1
  done
  drop_sealing_key "$1"
  return "$_opened"
}

# make_up_secrets: for a rehearsal by itself, to which nothing secret is sent.
make_up_secrets() {
  mkdir -p "$RUN/secrets" || return 1
  awk -F'|' '$9 == "totp" || $9 == "codes" { print $1 "|" $9 }' "$RUN/data/roster" | while IFS='|' read -r _who _what; do
    {
      [ "$_what" = codes ] || random_secret
      echo "8$(digits 7)"
    } >"$RUN/secrets/$_who"
  done
}
