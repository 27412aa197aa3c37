#!/bin/sh
# Installs a package from the image's own source into a layer above it. Runs in a mount namespace of its own.
# usage: factor.sh IMAGE SOURCE PACKAGE     (IMAGE has root/ and packages/; factor/ and factor.work/ come to be)
set -eu
image=$1 source=$2 package=$3
mkdir "${image}/factor" "${image}/factor.work" "${image}/factor.root"
mount --make-rprivate /
mount -t overlay overlay -o "lowerdir=${image}/root,upperdir=${image}/factor,workdir=${image}/factor.work" "${image}/factor.root"
mount --bind "${image}/packages" "${image}/factor.root${source}"
mount -t proc proc "${image}/factor.root/proc"
export DEBIAN_FRONTEND=noninteractive PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C
chroot "${image}/factor.root" apt-get -qq update
chroot "${image}/factor.root" apt-get -qq --yes --no-install-recommends install "${package}"
# The host itself starts without lists, as a new instance does.
chroot "${image}/factor.root" sh -c 'apt-get clean; rm -rf /var/lib/apt/lists/*; ldconfig; touch /etc/.updated /var/.updated'
umount "${image}/factor.root/proc" "${image}/factor.root${source}" "${image}/factor.root"
rm -rf "${image}/factor.root" "${image}/factor.work"
