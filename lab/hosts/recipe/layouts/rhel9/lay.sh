#!/bin/sh
# RHEL 9 on Debian's programs, as far as logins can tell. Run by ../../lay.sh inside the root, with `files` in place.
set -eu

# As the packages openssh-server and crypto-policies have them.
chmod 0700 /etc/ssh/sshd_config.d
chmod 0600 /etc/ssh/sshd_config /etc/ssh/sshd_config.d/50-redhat.conf /etc/sysconfig/sshd
mkdir -p /etc/crypto-policies/back-ends /usr/libexec/openssh
ln -s /usr/share/crypto-policies/DEFAULT/opensshserver.txt /etc/crypto-policies/back-ends/opensshserver.config
ln -s /usr/lib/openssh/sftp-server /usr/libexec/openssh/sftp-server

# sshd.service by its own name, and nothing called ssh.
rm -f /usr/lib/systemd/system/ssh.service /usr/lib/systemd/system/ssh.socket /usr/lib/systemd/system/rescue-ssh.target
rm -f /etc/systemd/system/sshd.service /etc/systemd/system/multi-user.target.wants/ssh.service
# systemd makes an ssh.service of the script.
rm -f /etc/default/ssh /etc/init.d/ssh /etc/rc?.d/*ssh
for unit in sshd rsyslog; do
  ln -s "/usr/lib/systemd/system/${unit}.service" "/etc/systemd/system/multi-user.target.wants/${unit}.service"
done

rm -f /etc/pam.d/common-*

# Storage=auto: without the folder the journal ends with the boot.
rm -rf /var/log/journal

# sh is bash there.
ln -sf bash /usr/bin/sh

groupmod -n wheel sudo
groupmod -n nobody nogroup
sed -i 's/^%sudo\>/%wheel/' /etc/sudoers
: >/etc/motd

# Only dnf and rpm are found; Debian's own tools work for them.
chmod 0755 /usr/bin/dnf /usr/bin/rpm
mkdir /usr/libexec/debian
for tool in /usr/bin/apt /usr/bin/apt-* /usr/bin/dpkg /usr/bin/dpkg-*; do
  mv "${tool}" /usr/libexec/debian/
done
