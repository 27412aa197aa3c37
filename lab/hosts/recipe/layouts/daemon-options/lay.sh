#!/bin/sh
# EC2 Instance Connect as Ubuntu's package sets it up: options on sshd's command line. Run by ../../lay.sh inside the root.
set -eu
chmod 0755 /usr/share/ec2-instance-connect/eic_run_authorized_keys
useradd --system --user-group --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin ec2-instance-connect
