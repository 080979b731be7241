"""Pages of a sorted list: Marker in, NextMarker out. docs/contract/api.md#pages."""

from __future__ import annotations

import base64
import binascii
from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import TypeVar

from lambda_emu.errors.base import InvalidParameter

Item = TypeVar("Item")


def cut_page(
    items: Sequence[Item], key: Callable[[Item], str], marker: str | None, size: int
) -> tuple[Sequence[Item], str | None]:
    """The items after `marker`, at most `size`, and the marker of the next page (None: there is none).

    items: sorted by `key`. A marker names the last item seen, so that a page stays right when items come and go.
    """
    start = bisect_right(items, key_of_marker(marker), key=key) if marker else 0
    found = items[start : start + size]
    more = start + size < len(items)
    return found, base64.urlsafe_b64encode(key(found[-1]).encode()).decode() if more else None


def key_of_marker(marker: str) -> str:
    """The key of the last item seen; MarkerInvalid."""
    try:
        return base64.b64decode(marker.encode(), altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        raise MarkerInvalid from None


class MarkerInvalid(InvalidParameter):
    """A Marker we did not hand out. AWS's text is not recorded."""

    def __init__(self) -> None:
        super().__init__("Invalid Marker")
