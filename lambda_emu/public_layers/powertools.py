"""Which version of Powertools the versions of its layers hold, as far as that is known.

A layer gets its next number with each release. The project's pull requests say it of a few of Python's: 3 is 3.2.0, 5
is 3.4.0, 6 is 3.4.1. All others are counted from these (?), as are TypeScript's, whose numbers in the documentation (21
in February 2025, 39 in October) fit the dates of releases. Of layers of former major versions no number is known, and
their last release is taken.
"""

from __future__ import annotations

from collections.abc import Sequence

PYTHON_3: Sequence[str] = (
    *("3.0.0", "3.1.0", "3.2.0", "3.3.0", "3.4.0", "3.4.1", "3.5.0", "3.6.0", "3.7.0", "3.8.0", "3.9.0", "3.10.0"),
    *("3.11.0", "3.12.0", "3.13.0", "3.14.0", "3.15.0", "3.15.1", "3.16.0", "3.17.0", "3.18.0", "3.19.0", "3.20.0"),
    *("3.21.0", "3.22.0", "3.22.1", "3.23.0", "3.24.0", "3.25.0", "3.26.0", "3.27.0", "3.28.0", "3.29.0", "3.30.0"),
    *("3.31.0", "3.31.1"),
)
"""Of AWSLambdaPowertoolsPythonV3-…:1 and so on."""
PYTHON_2 = "2.43.1"
TYPESCRIPT_2: Sequence[str] = (
    *("2.0.0", "2.0.2", "2.0.3", "2.0.4", "2.1.0", "2.1.1", "2.2.0", "2.3.0", "2.4.0", "2.5.0", "2.6.0", "2.7.0"),
    *("2.8.0", "2.9.0", "2.10.0", "2.11.0", "2.12.0", "2.13.0", "2.13.1", "2.14.0", "2.15.0", "2.16.0", "2.17.0"),
    *("2.18.0", "2.19.0", "2.19.1", "2.20.0", "2.21.0", "2.22.0", "2.23.0", "2.24.0", "2.24.1", "2.25.1", "2.25.1"),
    *("2.25.2", "2.26.0", "2.26.1", "2.27.0", "2.28.0", "2.28.1", "2.29.0", "2.30.0", "2.30.1", "2.30.2", "2.31.0"),
    *("2.32.0", "2.33.0", "2.33.1", "2.34.0", "2.35.0", "2.36.0"),
)
"""Of AWSLambdaPowertoolsTypeScriptV2:1 and so on. 2.25.0 is not to be had: the 33rd has what mended it."""
TYPESCRIPT_1 = "1.18.1"

SCOPE = "@aws-lambda-powertools"
FIRST_MODULES = ("logger", "metrics", "tracer", "parameters", "idempotency", "batch")
MODULES = (*FIRST_MODULES, "jmespath", "parser", "validation", "event-handler", "kafka")
"""Of version 1, and of version 2; some came with later releases of it."""


def release_of(numbered: Sequence[str], number: int) -> tuple[str, bool]:
    """The release that a layer version holds, and whether that is known; of one beyond all known the newest."""
    is_known = 1 <= number <= len(numbered)
    return numbered[number - 1] if is_known else numbered[-1], is_known
