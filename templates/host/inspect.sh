# shellcheck shell=sh
# What a change is computed from, and what `status`, `hosts` and `history` show. Reads only. Sourced by main.sh.
# Files below $F become the facts; what differs between two readings of the same host goes into the head instead.
# shellcheck disable=SC1091
for lib in people keys keys-edit barred rights packages sshd-reads others drift login logins times store recorded; do . "$RUN/lib/$lib.sh"; done
F=$RUN/facts
ARGS=$RUN/sshd-args

mkdir -p "$F/effective" "$F/keys" "$F/files"

cp /etc/os-release "$F/os-release"
ask_anew "$RUN/sshd-said"
sshd_args "$RUN/sshd-args"
cp "$RUN/sshd-args" "$F/sshd-args"
other_sshds >"$F/other-sshds"
{
  printf 'version=%s\nunit=%s\n' "$(sshd_version)" "${SSHD_SERVICE%% *}"
  running=${SSHD_SERVICE##* }
  printf 'running=%s\n' "${running:-no}"
  if sshd_socket_active; then echo socket=yes; else echo socket=no; fi
  sshd_refuses "$F/sshd-args" || PLAIN=
  printf 'selftest=%s\n' "$PLAIN"
  if logins_kept; then echo logins=kept; else echo logins=since-boot; fi
  if command -v openssl >/dev/null; then echo openssl=yes; else echo openssl=no; fi
  fips=
  [ ! -r /proc/sys/crypto/fips_enabled ] || read -r fips </proc/sys/crypto/fips_enabled
  printf 'fips=%s\n' "$fips"
  printf 'selinux=%s\n' "$(! command -v getenforce >/dev/null || getenforce 2>/dev/null | tr '[:upper:]' '[:lower:]')"
  if command -v sudo >/dev/null && command -v visudo >/dev/null; then echo sudo=yes; else echo sudo=no; fi
} >"$F/sshd"

# Whose factors count: those of the method that the stack asks, else of the first, which is the one in question.
stack=/etc/pam.d/bastionctl-mfa
method='' first=''
while IFS='|' read -r name module _; do
  : "${first:=$name}"
  [ ! -e "$stack" ] || ! grep -qs "^[^#]*$module" "$stack" || : "${method:=$name}"
done <"$RUN/data/factors"
: "${method:=$first}"
# shellcheck disable=SC1090
. "$RUN/lib/fitness-$method.sh"
stores=$RUN/stores
awk -F'|' -v OFS='|' -v method="$method" '$1 == method { print $3, $4 }' "$RUN/data/factors" >"$stores"
store=$(store_of "$stack" "$stores" "$(value selinux "$F/sshd")")
printf 'store=%s\n' "$store" >>"$F/sshd"

# What this build of OpenSSH knows. RHEL 8's has no list of signatures, but of key types, and RSA signs in three ways, by certificate too.
{
  for kind in cipher mac kex; do echo "= $kind" && ssh -Q "$kind"; done
  echo '= sig'
  ssh -Q key-sig || { ssh -Q key && printf 'rsa-sha2-%s\n' 512 256 512-cert-v01@openssh.com 256-cert-v01@openssh.com; }
} 2>/dev/null | awk '$1 == "=" { kind = $2; next } { print kind "|" $0 }' >"$F/algorithms"

# Configuration that bears no secret, with owner and mode.
sshd_reads
printf '%s\n' /etc/ssh/sshd_config.d/*.conf /etc/pam.d/sshd /etc/pam.d/common-auth /etc/pam.d/password-auth \
  /etc/pam.d/postlogin /etc/pam.d/bastionctl-* /etc/ssh/bastionctl-banner /etc/profile.d/bastionctl-* /etc/sudoers.d/bastionctl-* /etc/sudoers.d/zz_bastionctl_* /usr/local/sbin/bastionctl-* /etc/skel/.ssh/authorized_keys \
  "$UNITS/$SUNSET".* /etc/bastionctl-users /etc/bastionctl-locked /etc/cloud/cloud.cfg.d/*bastionctl* |
  awk '!seen[$0]++' "$READS" - | while IFS= read -r file; do
  case $file in
  *'|'* | */../*) ;;
  *) [ ! -f "$file" ] || printf '%s\n' "$file" ;;
  esac
done >"$RUN/listed"
xargs -r -d '\n' cp --parents -t "$F/files" -- <"$RUN/listed"
digests <"$RUN/listed" >"$RUN/listed-digests"
xargs -r -d '\n' stat -c '%n|%04a|%U|%G' -- <"$RUN/listed" |
  awk -F'|' -v OFS='|' 'FILENAME == ARGV[1] { digest[$1] = $2; next } { $1 = $1 OFS digest[$1]; print }' "$RUN/listed-digests" - >"$F/files.list"

folder=$(pam_folder) && for module in "$folder"/pam_*.so; do printf '%s\n' "${module##*/}"; done >"$F/pam-modules"
getent group | cut -d: -f1 | sort >"$F/groups"
root_groups >"$F/root-groups"
# Of everybody, system accounts too: whose names are taken.
getent passwd | awk -F: -v OFS='|' '{ print $1, $3 }' | sort >"$F/names"
if [ -e "$RUN/data/people" ]; then
  named "$F/names" >"$F/named"
  cut -d: -f1 /etc/group >"$F/own-groups"
  while IFS= read -r shell; do [ ! -f "$shell" ] || [ ! -x "$shell" ] || printf '%s\n' "$shell"; done <"$RUN/data/people" >"$F/shells"
  # Records are kept for good: many hosts have hundreds.
  find "$CHANGES" -mindepth 2 -maxdepth 2 -name roster -exec cat {} + 2>/dev/null | awk -F'|' '$2 == "remove" { print $1 }' | sort -u >"$F/left"
  # Of changes by which somebody was let in.
  find "$CHANGES" -mindepth 2 -maxdepth 2 -name roster.made -printf '%h/people\0' 2>/dev/null | xargs -0 -r grep -rs --include=uid . -- |
    sed 's|.*/\([^/]*\)/uid:|\1\||' | sort -u | grep -vxFf "$F/names" >"$F/former"
fi
for tool in ssh ssh-keygen ssh-keyscan unshare setpriv xargs flock base32 useradd getent systemctl timeout sha256sum pkill; do
  command -v "$tool" >/dev/null 2>&1 || printf '%s\n' "$tool"
done >"$F/missing-tools"

sed -n "s/^$store|//p" "$stores" >"$RUN/places"
printf '' >"$RUN/keys-found"
login_accounts >"$RUN/people"
sort "$RUN/skipped" >"$F/skipped"
today=$(($(epoch) / 86400))
# account_row: name|uid|home|shell|groups|password|expired|sudo|stores of its factors|last day|why it is barred.
account_row() {
  entry=$(getent shadow "$name")
  IFS=: read -r _ hash changed _ max _ inactive expires _ <<SHADOW
$entry
SHADOW
  password_of "$entry" "$hash"
  if [ -n "$expires" ] && [ "$expires" -le "$today" ]; then expired=yes; else expired=no; fi
  # The day before: from that of shadow(5) on it is refused.
  last=$([ -z "$expires" ] || date -u -d "1970-01-01 + $((expires - 1)) days" +%F)
  barred=$(nologin_file "$uid" "$F/effective/$name")
  [ -n "$barred" ] || barred=$(ageing "$changed" "$max" "$inactive" "$today")
  printf '%s|%s|%s|%s|%s|%s|%s|%s|%s|%s|%s\n' "$name" "$uid" "$home" "$shell" "$(id -Gnz "$name" 2>/dev/null | tr '\0' ,)" \
    "$PASSWORD" "$expired" "$(becomes_root "$name" "$uid")" "$(factor_stores)" "$last" "$barred"
}

# factor_stores: store[:what is wrong with it] of each factor, parted by commas.
factor_stores() {
  factors=
  while IFS='|' read -r kept place <&3; do
    owner=$uid
    [ "$kept" = home ] || owner=0
    fit=$(fitness "$(path_of "$place" "$name" "$home")" "$owner") && factors=${factors:+$factors,}$kept${fit:+:$fit}
  done 3<"$stores"
  printf '%s\n' "$factors"
}

# key_rows: type|base64|account|options|comment|file, unless it is the usual one|why it cannot be edited|loose modes on the way to it.
key_rows() {
  at=0
  keys_files "$name" "$home" | while read -r keys; do
    at=$((at + 1))
    parse_keys "$keys" >"$RUN/parsed"
    [ -s "$RUN/parsed" ] || continue
    # Who comes from elsewhere alone gets in by it, as by one with from=.
    from=
    [ ! -s "$RUN/key-origins" ] || key_files "$name" "$home" "$F/effective/$name" | grep -qxF -- "$keys" || from=from,
    why=
    [ ! -e "$RUN/data/people" ] || why=$(plain "$(unfit "$keys" "$name" "$home" </dev/null)")
    # Where StrictModes is on sshd reads no such file today.
    loose=
    ! grep -qx 'strictmodes no' "$F/effective/$name" || loose=$(plain "$(loose_modes "$name" "$home" "$keys" </dev/null)")
    shown=$keys
    case $at:$keys in
    1:"$home"/*) [ -n "$from" ] || shown= ;;
    *) ;;
    esac
    while IFS='|' read -r type blob options comment; do
      printf '%s|%s|%s|%s|%s|%s|%s|%s\n' "$type" "$blob" "$name" "$from$options" "$comment" "$(plain "$shown")" "$why" "$loose"
    done <"$RUN/parsed"
  done
}

while IFS='|' read -r name uid gid home shell; do
  sshd_says "$name" "$RUN/sshd-args" 2>/dev/null
  cat "$SAID" >"$F/effective/$name"
  { [ -f "$shell" ] && [ -x "$shell" ]; } || printf '%s\n' "$name" >>"$F/no-shell"
  account_row
  key_rows >>"$RUN/keys-found"
  printf '' >"$F/keys/$name"
done <"$RUN/people" >"$F/accounts"
fingerprinted <"$RUN/keys-found" | while IFS='|' read -r bits print type _ name options comment place why loose; do
  printf '%s|%s|%s|%s|%s|%s|%s|%s\n' "$type" "$bits" "$print" "$options" "$comment" "$place" "$why" "$loose" >>"$F/keys/$name"
done

key_options '' options_digest <"$RUN/people" >"$F/key-options"

# Whose certificates let people in, by the file that names them.
awk '/^trustedusercakeys \// && !seen[$0]++ { sub(/^[^ ]* /, ""); print }' "$F"/effective/* | while IFS= read -r file; do
  parse_keys "$file" | while IFS='|' read -r type blob _ comment; do printf '%s|%s|%s|%s\n' "$type" "$blob" "$file" "$comment"; done
done | fingerprinted | awk -F'|' -v OFS='|' '{ print $5, $3, $1, $2, $6 }' >"$F/authorities"

# The same for everybody: as it was said of any account.
awk '$1 == "hostkey" && !seen[$2]++ { print $2 }' "$F"/effective/* | while read -r file; do
  if [ -r "$file.pub" ]; then cat "$file.pub" && echo; else ssh-keygen -yf "$file" </dev/null 2>/dev/null; fi
done | ssh-keygen -lf - 2>/dev/null | sed -n 's/^\([0-9]*\) \([^ ]*\) .*(\([^ ]*\))$/\3|\1|\2/p' >"$RUN/host-keys"
# Hosts that are alike are to have the same facts: their fingerprints are for `who` alone.
if [ -e "$RUN/data/offers" ]; then cp "$RUN/host-keys" "$F/host-keys"; else sed 's/[^|]*$//' "$RUN/host-keys" >"$F/host-keys"; fi

login_events >"$RUN/events"
logins "$RUN/events" >"$F/logins"
elsewhere "$RUN/events" >"$F/elsewhere"
# Times differ between hosts that are alike: for `users` alone.
if [ -e "$RUN/data/times" ]; then
  account_times <"$RUN/people" >"$F/times"
  key_times <"$RUN/people" >"$F/key-times"
  key_options expiry-time expiry_time <"$RUN/people" >"$F/key-until"
  key_options '' value_digests <"$RUN/people" >"$F/key-values"
fi

# Asked for by `who` alone: some 50 ms a key.
if [ -e "$RUN/data/offers" ]; then
  collect_keys "$RUN/people" "$RUN/keys"
  unshare -m --propagation private sh "$RUN/who.sh" "$RUN" "$F/offers"
fi

changes_newest_first 2>/dev/null | head -n 21 | recorded >"$F/changes"

extra hostname "$(uname -n)"
extra facts "$(cd "$F" && find . -type f | sort | xargs -d '\n' sha256sum | sha256sum | cut -d' ' -f1)"
extra_holder
extra_pending
extra_sunset
drifted=$(drift)
[ -z "$drifted" ] || extra drift "$drifted"
body "$F" >"$RUN/body"
extra body "$(wc -c <"$RUN/body")"
# Run Command hands out 24,000 characters, and the head is in front of the body: the rest is asked for in parts. Only the first one has
# the line `--` in it.
first=21000 next=20000
begun=$((first - 3))
part=
[ ! -e "$RUN/data/part" ] || read -r part <"$RUN/data/part" || true
: "${part:=0}"
{
  printf 'bastionctl=1\noutcome=facts\nnow=%s\n' "$(epoch)"
  cat "$RUN/extra"
}
if [ "$part" = 0 ]; then
  head -c "$first" "$RUN/body"
else
  echo --
  sed 1d "$RUN/body" | tail -c +$((begun + (part - 1) * next + 1)) | head -c "$next"
fi
exit 0
