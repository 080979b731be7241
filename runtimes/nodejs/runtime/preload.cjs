// Loaded before AWS's client: lets `import` find packages in layers, whatever this Node.js offers for that, and custom
// resources answer.
"use strict";
const module_ = require("node:module");
const path = require("node:path");
const { pathToFileURL } = require("node:url");

if (module_.registerHooks) {
  module_.registerHooks({ resolve: require("./resolve-sync.cjs").resolve });
} else if (module_.register && require("./node-path.cjs").hasLayers) {
  // It starts a thread, so only where there is something to find.
  module_.register(pathToFileURL(path.join(__dirname, "resolve-async.mjs")));
}

// `require` looks here before it looks among what Node.js has. Most functions that start do not load https.
Object.defineProperty(require.cache, "https", {
  configurable: true,
  get: () => require("./response-url.cjs").lead(),
});
