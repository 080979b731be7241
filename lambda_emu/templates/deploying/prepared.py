"""A stack within another one, as a change set says it is to be."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct


class Prepared(Struct, frozen=True):
    """template: its text. change_set: the id of its own."""

    name: str
    id: str
    change_set: str
    template: str


PreparedWithin = Mapping[tuple[str, ...], Prepared]
"""By the logical ids that lead to each from the outermost."""
