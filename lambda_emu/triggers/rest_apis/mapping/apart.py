"""Large bodies are mapped and checked by a helper process.

Reading 10 MB of JSON holds the interpreter's lock for a second, during which no invocation moves, and leaves 300 MB
behind.
"""

from __future__ import annotations

import logging
import pickle
import subprocess
import sys
from collections.abc import Callable
from typing import Any, TypeVar

from lambda_emu.errors.base import LambdaError
from lambda_emu.programs import command_of
from lambda_emu.triggers.rest_apis.mapping.refusals import MappingLate, MappingRefused

log = logging.getLogger(__name__)

T = TypeVar("T")
APART_BYTES = 512 * 1024
"""That much takes 30 ms here; a helper takes 150."""
LIMIT_S = 25.0
"""Far more than a template may take (`budget.py`), and less than who waits for it has."""


class HelperLost(LambdaError):
    """A process that takes large bodies apart could not be started, or was killed: the machine has no memory for it."""

    code, status, text_key, kind = "ServiceUnavailable", 503, "Message", "Service"

    def __init__(self, why: Exception) -> None:
        super().__init__(f"A helper process could not do its part, twice: {why}; try again.")


def apart(make: Callable[..., T], *given: Any) -> T:
    """What `make`, a function of this room, makes of values without I/O. On a worker. MappingRefused, HelperLost."""
    made: T
    made, kind, members = pickle.loads(_asked(pickle.dumps((make, given))))
    if kind is None:
        return made
    refused: MappingRefused = kind.__new__(kind)
    refused.__dict__.update(members)
    raise refused


def _asked(question: bytes) -> bytes:
    """What a helper says. One that was killed or not started says nothing of the mapping: another is asked."""
    for is_last in (False, True):
        try:
            return subprocess.run(
                command_of(__name__), input=question, stdout=subprocess.PIPE, timeout=LIMIT_S, cwd="/", check=True
            ).stdout
        except subprocess.TimeoutExpired as error:
            raise MappingLate(f"The mapping took more than {LIMIT_S:g} s, on a machine that is busy") from error
        except (subprocess.CalledProcessError, OSError) as error:
            if is_last:
                raise HelperLost(error) from error
            log.warning("a mapping is begun once more: %s", error)
    raise AssertionError("the last one answers or raises")


def main() -> None:
    make, given = pickle.load(sys.stdin.buffer)
    said: tuple[object, type[MappingRefused] | None, dict[str, object]]
    try:
        said = make(*given), None, {}
    except MappingRefused as error:
        said = None, type(error), dict(vars(error))
    pickle.dump(said, sys.stdout.buffer)
