"""Large bodies are mapped and checked by a helper process.

Reading 10 MB of JSON holds the interpreter's lock for a second, during which no invocation moves, and leaves 300 MB
behind.
"""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from lambda_emu.triggers.rest_apis.mapping.refusals import MappingFailed, MappingRefused

T = TypeVar("T")
APART_BYTES = 512 * 1024
"""That much takes 30 ms here; a helper takes 150."""
LIMIT_S = 25.0
"""Far more than a template may take, and less than who waits for it has."""
START = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from lambda_emu.triggers.rest_apis.mapping.apart import main; main()"
)


def apart(make: Callable[..., T], *given: Any) -> T:
    """What `make`, a function of this room, makes of values without I/O. On a worker. MappingRefused."""
    path = json.dumps([str(Path(entry).absolute()) for entry in sys.path if entry])
    command = [sys.executable, "-IS", "-c", START, path]
    try:
        done = subprocess.run(
            command, input=pickle.dumps((make, given)), stdout=subprocess.PIPE, timeout=LIMIT_S, cwd="/", check=True
        )
    except subprocess.TimeoutExpired as error:
        raise MappingFailed(f"The mapping took more than {LIMIT_S:g} s") from error
    except subprocess.CalledProcessError as error:  # it had no memory, or somebody killed it
        raise MappingFailed(f"The mapping ended: {error}") from error
    made: T
    made, kind, members = pickle.loads(done.stdout)
    if kind is None:
        return made
    refused: MappingRefused = kind.__new__(kind)
    refused.__dict__.update(members)
    raise refused


def main() -> None:
    make, given = pickle.load(sys.stdin.buffer)
    said: tuple[object, type[MappingRefused] | None, dict[str, object]]
    try:
        said = make(*given), None, {}
    except MappingRefused as error:
        said = None, type(error), dict(vars(error))
    pickle.dump(said, sys.stdout.buffer)
