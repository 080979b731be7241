"""What an account's functions and layers take together. docs/contract/api.md#account."""

from __future__ import annotations

from collections.abc import Iterable

from lambda_emu.model.function.function import Function
from lambda_emu.model.layers.layer import Layer


def code_bytes(functions: Iterable[Function], layers: Iterable[Layer]) -> int:
    """Bytes of all zips: of $LATEST, of each published version and of each layer version, alike or not.

    What is used in place, from S3, takes nothing of the account.
    """
    of_functions = (
        version.code for function in functions for version in (function.latest, *function.published_versions())
    )
    of_layers = (version.content for layer in layers for version in layer.versions.values())
    return sum(code.size for code in (*of_functions, *of_layers) if code.reference is None)
