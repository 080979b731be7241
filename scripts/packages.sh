#!/bin/sh
# Install Debian packages, as root on Debian or Ubuntu; anywhere else say what to type.
set -eu
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
    echo "This needs packages that are not here. As root: apt-get install $*" >&2
    exit 1
fi
echo "Installing $*"
export DEBIAN_FRONTEND=noninteractive
apt-get -qq update
apt-get -qq install --yes --no-install-recommends "$@" >/dev/null
