"""Python."""

from __future__ import annotations

from languages.language import HANDLERS, Failure, Form, Language, Thrown

ENDS = """
import os
status = int(os.environ.get("ENDS", 3))
os._exit(status) if status >= 0 else os.kill(os.getpid(), -status)
"""
PYTHON = Language(
    family="python",
    handler="every.handler",
    files=lambda _: {
        "every.py": (HANDLERS / "every.py").read_text(),
        "broken.py": "raise KeyError('broken from the start')",
        "ends.py": ENDS,
        "folder/inner.py": "def handler(event, context): return [event]",
    },
    layer=lambda _: {"python/layered.py": "word = 'from a layer'"},
    error="KeyError",
    members=("errorMessage", "errorType", "requestId", "stackTrace"),
    trace="stackTrace",
    failures={
        "broken": Failure("broken.handler", "KeyError", "broken from the start"),
        "no module": Failure("missing.handler", "Runtime.ImportModuleError", "No module named 'missing'"),
        "no function": Failure("every.missing", "Runtime.HandlerNotFound", "Handler 'missing' missing on module"),
    },
    ends="ends.handler",
    line="[WARNING]\t{time}\t{id}\t{text}",
    throws={
        "throw_own": Thrown("Own", "oops"),
        "throw_cause": Thrown("KeyError", "oops"),
        "throw_odd": Thrown("Runtime.ExitError", "exit status 1", ends=True),
    },
    forms=(Form("folder/inner.handler", 1, [1]), Form("folder.inner.handler", 2, [2])),
    variables={"PYTHONPATH": "/var/runtime"},
    levels=("DEBUG", "INFO", "WARNING", "ERROR"),
)
