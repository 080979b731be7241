// The resolve hook of older Node.js, which calls it in a thread of its own. See node-path.cjs.
import { createRequire } from "node:module";
const { attempts, isMissing } = createRequire(import.meta.url)("./node-path.cjs");

export async function resolve(specifier, context, nextResolve) {
  try {
    return await nextResolve(specifier, context);
  } catch (error) {
    if (!isMissing(error)) throw error;
    for (const [instead, from] of attempts(specifier, context)) {
      try {
        return await nextResolve(instead, from);
      } catch (again) {
        if (!isMissing(again)) throw again;
      }
    }
    throw error;
  }
}
