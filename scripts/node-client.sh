#!/bin/sh
# Install AWS's runtime client for this machine's Node.js, as root on Debian or Ubuntu; npm compiles it for a minute.
set -eu
command -v npm >/dev/null || exit 0 # the tests say so
[ ! -e "$(npm root --global)/aws-lambda-ric/rapid-client.node" ] || exit 0
for tool in g++ make cmake autoreconf automake libtoolize python3 xz; do
    command -v "$tool" >/dev/null && continue
    sh scripts/packages.sh g++ make cmake autoconf automake libtool python3 xz-utils
    break
done
client=$(sed -n "s/^ *package: *\(aws-lambda-ric@4.*\)/\1/p" runtimes/nodejs.yaml | head -n 1)
echo "Installing $client"
node=$(dirname "$(dirname "$(readlink -f "$(command -v node)")")")
[ ! -e "$node/include/node/node_api.h" ] || export npm_config_nodedir="$node"
npm install --global --silent --no-audit --no-fund --no-update-notifier --allow-scripts=aws-lambda-ric "$client"
