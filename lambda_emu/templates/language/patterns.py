"""`AllowedPattern`: whoever sends a template sends its patterns too, and some never come to an end.

Those that surely end soon are tried here; others in a process of their own, which may work for a second.
"""

from __future__ import annotations

import json
import subprocess
import sys

from lambda_emu.triggers.rest_apis.templates.failures import TemplateFailed
from lambda_emu.triggers.rest_apis.templates.regexes import MOST_TRIES, regex

MOST_APART = 50
"""Of one template."""
LIMIT_S = 30.0
"""For a process that has its second of work on a machine that is busy."""
_NO_PATTERN, _NO_MATCH = 3, 4
_START = f"""
import json, re, resource, sys
resource.setrlimit(resource.RLIMIT_CPU, (1, 1))
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
pattern, text = json.load(sys.stdin)
try:
    found = re.fullmatch(pattern, text)
except (re.error, OverflowError, RecursionError) as error:
    print(error)
    sys.exit({_NO_PATTERN})
sys.exit(0 if found else {_NO_MATCH})
"""


class Unusable(Exception):
    """Of a pattern; the text says why."""


class Patterns:
    """Of one template, which has so many that take long at most."""

    def __init__(self) -> None:
        self._apart = 0

    def matches(self, pattern: str, text: str) -> bool:
        """All of the text. Unusable."""
        try:
            found = regex(pattern)
        except TemplateFailed:
            return self._matches_apart(pattern, text)
        if max(len(text), 2) ** found.whole_power > MOST_TRIES:
            return self._matches_apart(pattern, text)
        return found.pattern.fullmatch(text) is not None

    def _matches_apart(self, pattern: str, text: str) -> bool:
        self._apart += 1
        if self._apart > MOST_APART:
            raise Unusable("is one of too many that may take long")
        try:
            done = subprocess.run(
                [sys.executable, "-IS", "-c", _START],
                input=json.dumps([pattern, text]).encode(),
                capture_output=True,
                cwd="/",
                env={},
                timeout=LIMIT_S,
                check=False,
            )
        except subprocess.TimeoutExpired:
            self._apart = MOST_APART
            raise Unusable("takes too long for its text") from None
        except OSError as error:
            raise Unusable(f"cannot be tried: {error}") from error
        if done.returncode == _NO_PATTERN:
            raise Unusable(f"is no pattern: {done.stdout.decode(errors='replace').strip()[:200]}")
        if done.returncode not in (0, _NO_MATCH):
            self._apart = MOST_APART  # what takes long once is not tried again and again
            raise Unusable("takes too long for its text")
        return done.returncode == 0
