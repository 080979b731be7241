# Runs once inside a new image, in place of the packages' own set-up, most of which an image has no use for.
# $1: the system that AWS runs it on; only Amazon Linux 2 knows en_US.UTF-8.
set -eu
umask 022
cp /usr/share/base-passwd/passwd.master /etc/passwd
cp /usr/share/base-passwd/group.master /etc/group
echo 'sbx_user1051:x:993:990::/home/sbx_user1051:/sbin/nologin' >>/etc/passwd
echo 'sbx_user1051:x:990:' >>/etc/group
authorities=/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem # where Amazon Linux has them, and all that leads there
mkdir -p "${authorities%/*}" /etc/pki/tls/certs
cat /usr/share/ca-certificates/mozilla/*.crt >"$authorities"
for name in pki/tls/cert.pem pki/tls/certs/ca-bundle.crt ssl/cert.pem ssl/certs/ca-bundle.crt ssl/certs/ca-certificates.crt; do
    ln -sf "$authorities" "/etc/$name"
done
ln -sf bash /bin/sh # as on Amazon Linux: AWS's own example of a bootstrap counts on it
for name in mawk gawk; do
    [ ! -e "/usr/bin/$name" ] || ln -sf "$name" /usr/bin/awk
done
ln -sf /usr/share/zoneinfo/UTC /etc/localtime
mkdir -p /opt /var/lang/bin /var/lang/lib /var/runtime /var/task
[ "$1" != al2 ] || ln -s C.utf8 /usr/lib/locale/en_US.utf8
rm -rf $(cat /tmp/leave-out) /var/cache/* /var/lib/apt /var/log/*
chmod -R a+rX /var/runtime
[ ! -e /tmp/finish-language.sh ] || . /tmp/finish-language.sh
[ "$1" != al2023 ] || rm -f /usr/bin/find /usr/bin/xargs # which Amazon Linux 2023 does not bring
ldconfig
rm -rf /tmp/finish*.sh /tmp/leave-out
