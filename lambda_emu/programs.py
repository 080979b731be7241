"""Programs of ours that run in a Python of their own.

Such a Python finds what this one finds, and takes nothing from whoever's machine it is: no settings by variables, no
`site`, no folder that it happens to stand in.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

_START = (
    "import importlib, json, sys; sys.path[:] = json.loads(sys.argv.pop(1)); "
    "importlib.import_module(sys.argv.pop(1)).main()"
)
"""Its words are what Python finds modules by, in JSON, and the program."""


def command_of(program: str, *words: str) -> list[str]:
    """How it is started. program: a module, whose `main` finds these words in sys.argv."""
    path = [str(Path(entry).absolute()) for entry in sys.path if entry]
    return [sys.executable, "-IS", "-c", _START, json.dumps(path), program, *words]
