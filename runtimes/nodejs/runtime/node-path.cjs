// Where `import` looks for a package that Node.js does not find by itself: in the folders of NODE_PATH, as `require`
// does. Layers put theirs there. docs/contract/runtime.md#environment-variables.
"use strict";
const { existsSync } = require("node:fs");
const path = require("node:path");
const { pathToFileURL } = require("node:url");

const NO_PACKAGE = /^(\.{0,2}\/|\.{1,2}$|#|[a-z][a-z0-9+.-]*:)/i; // relative and absolute paths, own imports, URLs
const folders = (process.env.NODE_PATH ?? "").split(path.delimiter).filter((folder) => folder && existsSync(folder));

// What to resolve in place of a specifier that was not found, one after the other.
function attempts(specifier, context) {
  if (NO_PACKAGE.test(specifier)) return [];
  return folders.map((folder) => attempt(folder, specifier, context)).filter(Boolean);
}

// Packages in a folder called node_modules are found from beside it, by all rules of ES modules.
function attempt(folder, specifier, context) {
  if (path.basename(folder) === "node_modules") {
    const parentURL = pathToFileURL(path.join(path.dirname(folder), "any.mjs")).href;
    return [specifier, { ...context, parentURL }];
  }
  try {
    return [pathToFileURL(require.resolve(path.join(folder, specifier))).href, context];
  } catch {
    return undefined;
  }
}

const isMissing = (error) => error?.code === "ERR_MODULE_NOT_FOUND";

exports.attempts = attempts;
exports.isMissing = isMissing;
exports.hasLayers = folders.some((folder) => path.basename(folder) === "node_modules");
