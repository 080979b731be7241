"""Node.js, in CommonJS, which every version runs."""

from __future__ import annotations

from languages.language import HANDLERS, Failure, Form, Language, Thrown

ENDS = """
const status = Number(process.env.ENDS || 3);
if (status >= 0) process.exit(status);
process.kill(process.pid, -status);
"""
NODE = Language(
    family="nodejs",
    handler="every.handler",
    files=lambda _: {
        "every.js": (HANDLERS / "every.js").read_text(),
        "broken.js": "throw new RangeError('broken from the start');",
        "ends.js": ENDS,
        "folder/nested.js": "exports.a = { b: { handler: async (event) => [event] } };",
        "module.mjs": "const word = await Promise.resolve('a');\nexport const handler = async (event) => word + event;",
    },
    layer=lambda _: {"nodejs/node_modules/layered/index.js": "exports.word = 'from a layer';"},
    error="RangeError",
    members=("errorType", "errorMessage", "trace"),
    trace="trace",
    failures={
        "broken": Failure("broken.handler", "RangeError", "broken from the start"),
        "no module": Failure("missing.handler", "Runtime.ImportModuleError", "Cannot find module 'missing'"),
        "no function": Failure("every.missing", "Runtime.HandlerNotFound", "every.missing is undefined"),
    },
    ends="ends.handler",
    line="{time}\t{id}\tINFO\t{text}",
    throws={
        "throw_own": Thrown("Own", "oops"),
        "throw_cause": Thrown("RangeError", "oops"),
        "throw_odd": Thrown("string", "oops"),
    },
    forms=(Form("folder/nested.a.b.handler", 1, [1]), Form("module.handler", "b", "ab")),
)
