"""Where a list goes on that is answered in pages: behind the item that a token names."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.json import decode, encode
from pybase64 import b64decode, urlsafe_b64encode


def write_token(*place: str) -> str:
    """place: of the last item that was shown, in the order of the list."""
    return urlsafe_b64encode(encode(place)).decode()


def read_token(token: str, parts: int = 1) -> Sequence[str]:
    """Its place, of so many parts. ValueError: nobody was given it here."""
    place = decode(b64decode(token, altchars="-_", validate=True), type=list[str])
    if len(place) != parts:
        raise ValueError(token)
    return place
