// The resolve hook of Node.js 22.15 and newer, called for `import` in its own thread. See node-path.cjs,
// and response-url.cjs for https.
"use strict";
const { attempts, isMissing } = require("./node-path.cjs");

exports.resolve = function resolve(specifier, context, nextResolve) {
  if (specifier === "https" || specifier === "node:https") require("./response-url.cjs").lead();
  try {
    return nextResolve(specifier, context);
  } catch (error) {
    if (!isMissing(error)) throw error;
    for (const [instead, from] of attempts(specifier, context)) {
      try {
        return nextResolve(instead, from);
      } catch (again) {
        if (!isMissing(again)) throw again;
      }
    }
    throw error;
  }
};
