# shellcheck shell=sh
# Packages decide no login by themselves: they come first, are named in the plan, and are not undone (G1).

# pam_folder: where this distribution keeps PAM modules.
pam_folder() {
  for _folder in /lib/*/security /usr/lib/*/security /lib64/security /usr/lib64/security /lib/security; do
    if [ -e "$_folder/pam_unix.so" ]; then
      printf '%s\n' "$_folder"
      return 0
    fi
  done
  return 1
}

# install_packages: name|module lines; a package whose module is there is left alone.
install_packages() {
  while IFS='|' read -r _name _module <&3; do
    [ -e "$(pam_folder)/$_module" ] && continue
    if ! install_one "$_name"; then
      plain "$_name: $(grep -E '^E: |^Error|^No match' "$RUN/said" | tail -n 2)" >"$RUN/why"
      return 1
    fi
    if [ ! -e "$(pam_folder)/$_module" ]; then
      echo "$_name brought no $_module" >"$RUN/why"
      return 1
    fi
  done 3<"$RUN/data/packages"
}

install_one() {
  if command -v apt-get >/dev/null 2>&1; then
    # pam.d/sshd is a conffile: never asked about, never replaced.
    set -- -y -q -o Dpkg::Options::=--force-confold -o Dpkg::Options::=--force-confdef -o DPkg::Lock::Timeout=60 --no-install-recommends install "$1"
    export DEBIAN_FRONTEND=noninteractive
    apt-get "$@" </dev/null 9>&- || { apt-get -q update </dev/null 9>&- && apt-get "$@" </dev/null 9>&-; }
  else
    dnf -y -q install "$1" </dev/null 9>&-
  fi
}

# missing_modules: PAM modules that new lines of the plan's files name and that are not there: whoever meets one is refused.
missing_modules() {
  while IFS='|' read -r _path _ _ _ _ _ _after; do
    case $_path:$_after in
    *:absent) continue ;;
    /etc/pam.d/*) ;;
    *) continue ;;
    esac
    _old=$_path
    [ -e "$_old" ] || _old=/dev/null
    grep -vxF -f "$_old" "$RUN/data/content$_path"
  done <"$RUN/data/files" | sed -n 's/^[^#]*[[:space:]]\([^[:space:]]*\.so\)\([[:space:]].*\)*$/\1/p' | sort -u | while read -r _module; do
    case $_module in
    /*) ;;
    *) _module=$(pam_folder)/$_module ;;
    esac
    [ -e "$_module" ] || printf '%s ' "$_module"
  done
}
