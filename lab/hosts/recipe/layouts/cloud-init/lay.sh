#!/bin/sh
# What cloud-init (ssh_pwauth: true) and the image's builder have left in sshd_config.d of an Ubuntu instance. Run by ../../lay.sh inside the root.
set -eu
chmod 0600 /etc/ssh/sshd_config.d/50-cloud-init.conf
