# The interpreter where Lambda has it.
mv "$(readlink -f /usr/bin/node)" /var/lang/bin/node
ln -sf /var/lang/bin/node /usr/bin/node
rm -rf /usr/lib/node_modules/npm
