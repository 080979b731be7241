"""moto's objects and parts have their bytes in files: it reads them whole for whatever is done with them."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable
from hashlib import md5
from tempfile import SpooledTemporaryFile
from threading import Lock
from typing import Any

from lambda_emu.services.child.program import current_request
from lambda_emu.services.child.program.objects.bodies import Bodies, IncomingFile
from lambda_emu.services.child.program.objects.checksums import sum_of
from lambda_emu.services.child.program.objects.content import Content
from lambda_emu.services.child.program.objects.intake import take_out

SMALLEST_PART_BYTES = 5 * 1024 * 1024
MOST_SELECTED_BYTES = 256 * 1024 * 1024


def replace_objects(bodies: Bodies) -> None:
    """bodies: where they are kept."""
    _replace_keys(bodies)
    _replace_uploads()
    _replace_multiparts()
    _replace_forms(bodies)


def _replace_keys(bodies: Bodies) -> None:
    from moto.s3.models import FakeKey

    def value(key: Any) -> Content | bytes:
        """Whoever is not S3 itself, and SelectObjectContent, has it as bytes."""
        content: Content = key._content
        if not current_request.has("select") and current_request.service() == "s3":
            return content
        if len(content) > MOST_SELECTED_BYTES:
            raise NotImplementedError(f"An object of more than {MOST_SELECTED_BYTES} bytes cannot be looked through.")
        return bytes(content)

    def set_value(key: Any, value: Content | bytes | str) -> None:
        data = value.encode() if isinstance(value, str) else value
        key._content = data if isinstance(data, Content) else Content.kept(data, bodies)
        key.contentsize = len(key._content)

    def etag(key: Any) -> str:
        if key._etag is None:
            key._etag = (key._content.sum("MD5") or b"").hex()
        return f'"{key._etag}"'

    def getstate(key: Any) -> dict[str, Any]:
        kept = vars(key).keys() - {"_value_buffer", "lock"}
        return {name: vars(key)[name] for name in kept}

    def setstate(key: Any, state: dict[str, Any]) -> None:
        """As written before, it has its value, or the name of its file."""
        before, file = state.pop("value", None), state.pop("file", None)
        vars(key).update(state, lock=Lock(), _value_buffer=SpooledTemporaryFile())  # noqa: SIM115
        if "_content" not in state:
            key.value = before if file is None else Content.of(bodies.find(file))

    FakeKey.value = property(value, set_value)  # type: ignore[assignment, method-assign]
    FakeKey.etag = property(etag)  # type: ignore[assignment, method-assign]
    FakeKey.__getstate__ = getstate  # type: ignore[assignment]
    FakeKey.__setstate__ = setstate  # type: ignore[assignment]


def _replace_uploads() -> None:
    """What came with a request is in no body of it any more."""
    from moto.s3.responses import S3Response

    setup: Any = S3Response.setup_class

    def set_up(self: Any, request: Any, *more: Any, **named: Any) -> None:
        setup(self, request, *more, **named)
        content = take_out(request.environ)
        if content is not None:
            self.body = self.raw_body = content

    def checksum(self: Any, told: dict[str, str]) -> tuple[str, str | None]:
        """Which one the request names, and its value, which it is told too."""
        algorithm = self.headers.get("x-amz-sdk-checksum-algorithm", "").upper()
        content = self.body if isinstance(self.body, Content) else Content.of(self.body or b"")
        named = algorithm or next((name for name in content.sums if name != "MD5"), "")
        found = content.sum(named)
        if found is None:
            return "", None
        value = b64encode(found).decode()
        told[f"x-amz-checksum-{named.lower()}"] = value
        return named, value

    S3Response.setup_class = set_up  # type: ignore[method-assign]
    S3Response._get_checksum = checksum  # type: ignore[method-assign, assignment]
    _replace_checksums_of_copies()


def _replace_checksums_of_copies() -> None:
    """A copy of what was made of parts has none; its checksum is that of the whole."""
    from moto.s3 import models, responses

    module: Any = responses
    module.compute_checksum = lambda content, algorithm: b64encode(content.sum(algorithm) or b"")
    copy = models.S3Backend.copy_object

    def copy_and_sum(self: Any, source: Any, bucket: str, key: str, *more: Any, **named: Any) -> None:
        copy(self, source, bucket, key, *more, **named)
        made = self.get_object(bucket, key)
        made.checksum_type = "FULL_OBJECT" if made.checksum_value else None
        if source.checksum_type == "COMPOSITE" and made.checksum_value:
            found = made._content.sum(made.checksum_algorithm)
            made.checksum_value = None if found is None else b64encode(found).decode()
            made.checksum_algorithm = None if found is None else made.checksum_algorithm

    models.S3Backend.copy_object = copy_and_sum  # type: ignore[method-assign, assignment]


def _replace_multiparts() -> None:
    from moto.s3.exceptions import EntityTooSmall, InvalidPart, InvalidPartOrder, MalformedXML
    from moto.s3.models import FakeMultipart

    def complete(self: Any, body: Iterable[tuple[int, str]]) -> tuple[Content, str, tuple[str, str, int] | None]:
        """Of these parts; others that came are forgotten."""
        parts: dict[int, Any] = {}
        for number, etag in body:
            part = self.parts.get(number)
            if part is None or part.etag.strip('"') != etag.strip('"'):
                raise InvalidPart()
            if parts and number <= max(parts):
                raise InvalidPartOrder()
            if any(last.contentsize < SMALLEST_PART_BYTES for last in list(parts.values())[-1:]):
                raise EntityTooSmall()
            parts[number] = part
        if not parts:
            raise MalformedXML()
        self.parts, self.partlist = parts, list(parts)
        contents = [part._content for part in parts.values()]
        etag = md5(b"".join(content.sum("MD5") for content in contents), usedforsecurity=False).hexdigest()
        whole = Content.joined(contents)
        return whole, f"{etag}-{len(parts)}", _checksum_of(whole, contents, self.metadata)

    FakeMultipart.complete = complete  # type: ignore[method-assign, assignment]


def _checksum_of(whole: Content, parts: list[Content], metadata: Any) -> tuple[str, str, int] | None:
    """Its type, itself and of how many parts; None: nobody asked for one, or it cannot be known."""
    algorithm = metadata.get("x-amz-checksum-algorithm")
    if algorithm is None:
        return None
    kind = metadata.get("x-amz-checksum-type") or ("FULL_OBJECT" if algorithm == "CRC64NVME" else "COMPOSITE")
    if kind == "COMPOSITE":
        known = [found for part in parts if (found := part.sum(algorithm)) is not None]
        found = sum_of(b"".join(known), algorithm) if len(known) == len(parts) else None
        return None if found is None else (kind, b64encode(found).decode(), len(parts))
    found = whole.sum(algorithm)
    return None if found is None else (kind, b64encode(found).decode(), 1)


def _replace_forms(bodies: Bodies) -> None:
    """A file in a form that is posted to a bucket."""
    from moto.core.request import Request

    make: Any = Request._get_file_stream

    def stream(self: Any, *more: Any, **named: Any) -> Any:
        return FormFile(bodies) if current_request.service() == "s3" else make(self, *more, **named)

    Request._get_file_stream = stream  # type: ignore[method-assign]


class FormFile:
    """As Werkzeug writes it and moto reads it: once."""

    def __init__(self, bodies: Bodies) -> None:
        self._begun = IncomingFile(bodies)

    def write(self, data: bytes) -> int:
        return self._begun.write(data)

    def seek(self, _: int) -> int:
        """To where it is read, once it is written."""
        return 0

    def read(self) -> Content:
        return Content.of(self._begun.end())

    def close(self) -> None:
        """What was not read is gone."""
        self._begun.close()

    def __del__(self) -> None:
        self.close()
