#!/bin/sh
# Lays a layout over an image, so that what differs ends up in a host's seed: files, and marks where the image's own are gone.
# Runs in a mount namespace of its own. usage: lay.sh LOWER SEED FOLDER     (SEED.root and SEED.work come to be)
set -eu
lower=$1 seed=$2 folder=$3
root=${seed}.root
mkdir "${root}" "${seed}.work"
mount --make-rprivate /
mount -t overlay overlay -o "lowerdir=${lower},upperdir=${seed},workdir=${seed}.work" "${root}"
if [ -d "${folder}/files" ]; then
  (cd "${folder}/files" && find . -type f) | while read -r file; do
    # Never through a link: an absolute one would lead out of the root.
    rm -f "${root}/${file}"
    install -D -m 0644 "${folder}/files/${file}" "${root}/${file}"
  done
fi
PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C chroot "${root}" sh -eu -s <"${folder}/lay.sh"
# Otherwise systemd rebuilds its caches at the first boot.
touch "${root}/etc/.updated" "${root}/var/.updated"
umount "${root}"
