"""Which bodies are bytes and which are text, by the media types that an API says. docs/contract/events.md#rest-apis."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Collection

ANYTHING = "*/*"


def is_binary(said: str | None, types: Collection[str]) -> bool:
    """Whether the first media type of an Accept or Content-Type is one of these. `image/*` is all of that kind (?)."""
    if not types:
        return False
    if ANYTHING in types:
        return True
    if said is None:
        return False
    media_type = said.partition(",")[0].partition(";")[0].strip().lower()
    kind = media_type.partition("/")[0]
    return any(one.lower() in (media_type, f"{kind}/*") for one in types)


def as_text(body: bytes, *, binary: bool) -> str:
    """As a function's event, or a template, has it: bytes in base64; of text what is no UTF-8 is replaced."""
    return b64encode(body).decode() if binary else body.decode("utf-8", "replace")
