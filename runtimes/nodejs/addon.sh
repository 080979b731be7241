# Compiles the native part of AWS's runtime client in a root file system that is thrown away: what the package's own
# build does, without npm, node-gyp and the 400 packages that these need. It speaks Node-API, so every Node.js loads it.
set -eu
ln -sf gcc /usr/bin/cc
ln -sf g++ /usr/bin/c++
ln -sf mawk /usr/bin/awk
cd /sources/client
sh scripts/preinstall.sh
made=deps/artifacts
g++ -O2 -fPIC -shared -fvisibility=hidden -std=c++17 -DNODE_GYP_MODULE_NAME=rapid_client -DNAPI_CPP_EXCEPTIONS \
    -I/sources/node-addon-api -I/sources/node/include/node -I$made/include src/native/rapid-client.cc \
    -L$made/lib -L$made/lib64 -laws-lambda-runtime $($made/bin/curl-config --static-libs) -o /made/rapid-client.node
strip /made/rapid-client.node
