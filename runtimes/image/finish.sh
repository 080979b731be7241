# Runs once inside a new image, in place of the packages' own set-up, most of which an image has no use for.
# $1: the system that AWS runs it on; only Amazon Linux 2 knows en_US.UTF-8.
set -eu
umask 022
cp /usr/share/base-passwd/passwd.master /etc/passwd
cp /usr/share/base-passwd/group.master /etc/group
echo 'sbx_user1051:x:993:990::/home/sbx_user1051:/sbin/nologin' >>/etc/passwd
echo 'sbx_user1051:x:990:' >>/etc/group
cat /usr/share/ca-certificates/mozilla/*.crt >/etc/ssl/certs/ca-certificates.crt
ln -sf mawk /usr/bin/awk
ln -sf /usr/share/zoneinfo/UTC /etc/localtime
mkdir -p /opt /var/lang/bin /var/lang/lib /var/runtime /var/task
[ "$1" != al2 ] || ln -s C.utf8 /usr/lib/locale/en_US.utf8
rm -rf $(cat /tmp/leave-out) /var/cache/* /var/lib/apt /var/log/*
chmod -R a+rX /var/runtime
[ ! -e /tmp/finish-language.sh ] || . /tmp/finish-language.sh
ldconfig
rm -rf /tmp/finish*.sh /tmp/leave-out
