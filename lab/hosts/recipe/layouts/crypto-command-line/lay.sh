#!/bin/sh
# RHEL 8's crypto policy: algorithms on sshd's command line, by way of a variable. Run by ../../lay.sh inside the root.
set -eu
chmod 0600 /etc/sysconfig/sshd
