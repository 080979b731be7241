# The interpreter where Lambda has it, and AWS's client: version 4 starts by itself, 3 is started by ours.
mv /tmp/node/bin/node /var/lang/bin/node
ln -sf /var/lang/bin/node /usr/bin/node
if [ -e /tmp/client/dist/index.mjs ]; then
    mv /tmp/client/dist/index.mjs /var/runtime/client.mjs
    mv /var/runtime/start.mjs /var/runtime/index.mjs
else
    mv /tmp/client/index.mjs /tmp/client/package.json /var/runtime/
    rm /var/runtime/start.mjs
fi
rm -rf /tmp/node /tmp/client
