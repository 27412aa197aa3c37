#!/bin/sh
# Ubuntu 24.04's way: ssh.socket owns the port, and sshd starts with the first connection. Run by ../../lay.sh inside the root.
set -eu
rm -f /etc/systemd/system/multi-user.target.wants/ssh.service
for wanted in sockets.target.wants ssh.service.requires; do
  mkdir -p "/etc/systemd/system/${wanted}"
  ln -s /usr/lib/systemd/system/ssh.socket "/etc/systemd/system/${wanted}/ssh.socket"
done
