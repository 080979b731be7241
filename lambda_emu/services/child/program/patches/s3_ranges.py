"""A part of an object is read without the rest: SDKs fetch a large one in parts, and moto reads it all for each."""

from __future__ import annotations

from typing import Any

from lambda_emu.services.child.program import asked


def replace_ranges() -> None:
    """Of moto's objects, whose content a request for a range may slice."""
    from moto.s3 import models, responses

    whole: Any = models.FakeKey.value
    handle: Any = responses.S3Response._handle_range_header

    def value(key: Any) -> Any:
        return Content(key) if asked.is_range() else whole.fget(key)

    def handle_range(self: Any, request: Any, headers: dict[str, Any], content: Any) -> Any:
        """What turns out to be no range is answered whole."""
        status, headers, cut = handle(self, request, headers, content)
        return status, headers, bytes(cut)

    models.FakeKey.value = property(value, whole.fset)  # type: ignore[assignment, method-assign]
    responses.S3Response._handle_range_header = handle_range  # type: ignore[method-assign, assignment]


class Content:
    """An object's bytes, of which only those are read that are cut out."""

    def __init__(self, key: Any) -> None:
        self._key = key

    def __len__(self) -> int:
        with self._key.lock:
            length: int = self._key._value_buffer.seek(0, 2)
            return length

    def __getitem__(self, part: slice) -> bytes:
        begin, end, _ = part.indices(len(self))
        with self._key.lock:
            self._key._value_buffer.seek(begin)
            cut: bytes = self._key._value_buffer.read(max(end - begin, 0))
            return cut

    def __bytes__(self) -> bytes:
        return self[:]
