"""Rows of docs/runtimes.md, which tests of all languages are, and what a runtime is known not to hold.

Such a row is not left out: the test must fail where its runtime says that it differs, and holds as soon as it passes.
"""

from __future__ import annotations

import pytest

from lambda_emu.runtimes import Runtime


def row(name: str) -> pytest.MarkDecorator:
    return pytest.mark.row(name)


def known_difference(runtime: Runtime, name: str, engine: str) -> str | None:
    """In which way a row is not as on Lambda there."""
    without_docker = runtime.differs.get(f"{name} without Docker") if engine == "process" else None
    return without_docker or runtime.differs.get(name)
