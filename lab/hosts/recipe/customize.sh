#!/bin/sh
# Makes a fresh Debian root look like the EC2 image, as far as logins can tell. usage: customize.sh ROOT USER SOURCE
set -eu
root=$1 user=$2 source=$3

chroot "${root}" useradd --create-home --shell /bin/bash --uid 1000 --groups adm,dialout,cdrom,floppy,sudo,audio,dip,video,plugdev "${user}"
chroot "${root}" passwd --lock --quiet "${user}"
printf '%s ALL=(ALL) NOPASSWD:ALL\n' "${user}" >"${root}/etc/sudoers.d/90-cloud-init-users"
chmod 0440 "${root}/etc/sudoers.d/90-cloud-init-users"

rm -rf "${root}"/etc/apt/sources.list.d/* "${root}/etc/apt/apt.conf.d/99mmdebstrap"
printf 'deb [trusted=yes] file:%s ./\n' "${source}" >"${root}/etc/apt/sources.list"
mkdir -p "${root}${source}"

# Each host makes its own.
rm -f "${root}"/etc/ssh/ssh_host_* "${root}/var/lib/dbus/machine-id"
: >"${root}/etc/machine-id"
printf 'lab\n' >"${root}/etc/hostname"
# Refused at once, where a name server that is out of reach costs 10 to 20 s a login.
printf 'nameserver 127.0.0.1\noptions timeout:1 attempts:1\n' >"${root}/etc/resolv.conf"

# Group and mode by systemd-tmpfiles at boot.
mkdir -p "${root}/var/log/journal"

cat >"${root}/etc/systemd/system/lab-mounts.service" <<'UNIT'
[Unit]
Description=Mount /run as a virtual machine has it (systemd-nspawn leaves it exec)
DefaultDependencies=no
Before=sysinit.target local-fs.target systemd-tmpfiles-setup.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/mount -o remount,nosuid,nodev,noexec /run

[Install]
WantedBy=sysinit.target
UNIT
chroot "${root}" systemctl --quiet enable lab-mounts.service
# No console to log in at; no package run at a random moment of a test.
chroot "${root}" systemctl --quiet mask console-getty.service
chroot "${root}" systemctl --quiet disable apt-daily.timer apt-daily-upgrade.timer

# Otherwise systemd rebuilds its caches at the first boot of every host.
chroot "${root}" ldconfig
touch "${root}/etc/.updated" "${root}/var/.updated"
