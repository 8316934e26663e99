#!/bin/sh
# Lays out what is in the image: the program $1 under both of its names, and the certificate authorities
# of this machine, in the directory $2.
#
# With one such directory for each processor, called amd64 and arm64, their parent is the context of an
# image whose program is given (docs/releasing.md). SOURCE_DATE_EPOCH is the time of all files, 0 if it
# is not set.
set -eu

image=$2/image
rm -rf "$image" "$2/volume"
mkdir -p "$image/etc/ssl/certs" "$2/volume"
cp "$1" "$image/gitsyncd"
ln -s gitsyncd "$image/git-sync"
cp -L /etc/ssl/certs/ca-certificates.crt "$image/etc/ssl/certs/"
chmod 0755 "$image" "$image/etc" "$image/etc/ssl" "$image/etc/ssl/certs" "$image/gitsyncd" "$2/volume"
chmod 0644 "$image/etc/ssl/certs/ca-certificates.crt"
find "$image" "$2/volume" -exec touch --no-dereference --date="@${SOURCE_DATE_EPOCH:-0}" {} +
