# Compiles AWS's runtime client, which npm brings as source, in a root file system that is thrown away.
# $1: package@version. Leaves the three files that are needed at run time in /client.
set -eu
ln -sf gcc /usr/bin/cc
ln -sf g++ /usr/bin/c++
ln -sf mawk /usr/bin/awk
mkdir /work /client
cd /work
export HOME=/work npm_config_nodedir=/usr
[ ! -s /host-ca.crt ] || export NODE_EXTRA_CA_CERTS=/host-ca.crt
npm install --no-audit --no-fund --no-update-notifier "$1"
cd node_modules/aws-lambda-ric
cp index.mjs package.json rapid-client.node /client
