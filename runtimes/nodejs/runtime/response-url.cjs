// Custom resources answer a ResponseURL by https, at its host and path alone, whatever its scheme and port: AWS's
// `cfn-response` does, and what CDK deploys. Ours has no TLS, and says its port in its path too.
"use strict";
const { syncBuiltinESMExports } = require("node:module");

const PATH = /^\/_lambda-emu\/response\/(\d{1,5})-/;

let isLed = false;

exports.lead = function lead() {
  if (isLed) return;
  isLed = true;
  delete require.cache.https;
  const https = require("node:https");
  const { request: elsewhere } = https;
  https.request = function request(...given) {
    const found = PATH.exec(given[0]?.path);
    if (!found) return elsewhere.apply(this, given);
    const options = { ...given[0], protocol: "http:", port: found[1], defaultPort: undefined, agent: undefined };
    return require("node:http").request(options, ...given.slice(1));
  };
  syncBuiltinESMExports();
};
