"""The process that expands a template: reads a request as JSON from standard input, writes an answer to the output.

It knows nothing of its server. aws-sam-translator and what that brings are imported here alone.
"""

from __future__ import annotations

import json
import logging
import resource
import sys
from typing import Any

CPU_S = 60
MEMORY_BYTES = 4 * 1024**3


class _Policies:
    """Managed policies by name: those that the translator does not know are taken at their word."""

    def load(self) -> dict[str, str]:
        return {}


def main() -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    logging.disable(logging.CRITICAL)
    answer = expand(json.load(sys.stdin))
    json.dump(answer, sys.stdout)


def expand(request: dict[str, Any]) -> dict[str, Any]:
    """`{"template": …}`, or `{"mistakes": [[logical id or None, text], …]}`."""
    from samtranslator.model.exceptions import InvalidDocumentException
    from samtranslator.translator.transform import transform

    try:
        return {"template": transform(request["template"], request["parameters"], _Policies())}
    except InvalidDocumentException as error:
        return {"mistakes": [_told(cause) for cause in error.causes] or [[None, str(error)]]}


def _told(cause: Any) -> list[str | None]:
    """Which resource, and what is wrong with it, without the sentence that names it again."""
    logical = getattr(cause, "_logical_id", None)
    text = str(cause.message)
    start = f"Resource with id [{logical}] is invalid. "
    return [None if logical is None else str(logical), text.removeprefix(start)]
