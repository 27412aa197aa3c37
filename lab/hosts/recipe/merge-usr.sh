#!/bin/sh
# mmdebstrap's setup hook for bullseye: /bin, /lib and their like are links into /usr, as debootstrap and Debian's EC2 images have them.
# (mmdebstrap's own merged-usr hook wants a package that bullseye does not have.) usage: merge-usr.sh ROOT
set -eu
for dir in bin sbin lib lib32 lib64 libx32; do
  mkdir -p "$1/usr/${dir}"
  ln -s "usr/${dir}" "$1/${dir}"
done
