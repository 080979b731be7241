"""What an account's functions and layers take together. Contract: api.md 1.8."""

from __future__ import annotations

from collections.abc import Iterable

from lambda_emu.model.function import Function
from lambda_emu.model.layer import Layer


def code_bytes(functions: Iterable[Function], layers: Iterable[Layer]) -> int:
    """Bytes of all zips: of $LATEST, of each published version and of each layer version, alike or not."""
    of_functions = sum(
        version.code.size for function in functions for version in (function.latest, *function.versions.values())
    )
    return of_functions + sum(version.content.size for layer in layers for version in layer.versions.values())
