#!/bin/sh
# Keeps one host: starts it, and starts it again when it restarts itself (systemd-nspawn then ends with 133).
# usage: keep.sh CGROUP NSPAWN-ARGUMENT...
set -u
cgroup=$1
shift
# A control group of its own in each hierarchy: hosts that share one kill each other's services, and the lab finds its processes by it.
for hierarchy in /sys/fs/cgroup /sys/fs/cgroup/unified /sys/fs/cgroup/systemd; do
  [ -w "${hierarchy}/cgroup.procs" ] || continue
  mkdir -p "${hierarchy}/${cgroup}"
  echo "$$" >"${hierarchy}/${cgroup}/cgroup.procs"
done
# /tmp as the distribution has it: on disk in 11 and 12, a tmpfs in 13.
export SYSTEMD_NSPAWN_TMPFS_TMP=0
while :; do
  systemd-nspawn "$@"
  code=$?
  [ "${code}" -eq 133 ] || exit "${code}"
done
