"""What a body must be before moto is given it."""

from __future__ import annotations

import io
import zlib
from typing import Any

from msgspec import DecodeError
from msgspec.json import decode

from lambda_emu.services.child.program.checks import s3
from lambda_emu.services.child.program.checks.bounds import check_form, check_members
from lambda_emu.services.child.program.checks.refused import BODY, Environ, Refused, is_form

MOST_UNPACKED = 16 * 1024 * 1024
"""As much as comes unpacked. moto would unpack a thousand times what came, and hold it twice."""


def check(backend: str, environ: Environ) -> None:
    """Refused. The body of what is no S3 stands in the environ afterwards, and can be read again."""
    if backend == "s3":
        s3.check(environ)
        return
    if environ.get("HTTP_CONTENT_ENCODING") == "gzip":
        _unpack(environ)
    if backend != "s3control":
        body = read(environ)
        environ[BODY] = body
        if is_form(backend, environ):
            check_form(body)
        elif body and not _is_document(backend, environ):
            check_members(backend, _check_json(body))


def _is_document(backend: str, environ: Environ) -> bool:
    """What describes an API may be YAML."""
    is_put = environ["REQUEST_METHOD"] == "PUT" or "mode=" in environ["QUERY_STRING"]
    return backend == "apigateway" and is_put


def read(environ: Environ) -> bytes:
    """All of it; it can be read once more."""
    length = int(environ.get("CONTENT_LENGTH") or 0)
    body: bytes = environ["wsgi.input"].read(length) if length else b""
    environ["wsgi.input"] = io.BytesIO(body)
    return body


def _unpack(environ: Environ) -> None:
    """In place of what came."""
    unpacking = zlib.decompressobj(wbits=31)
    try:
        body = unpacking.decompress(read(environ), MOST_UNPACKED)
    except zlib.error:
        raise Refused("SerializationException", "The body is not packed by gzip") from None
    if not unpacking.eof:
        raise Refused("SerializationException", f"The body is not whole, or larger than {MOST_UNPACKED} bytes")
    del environ["HTTP_CONTENT_ENCODING"]
    environ["CONTENT_LENGTH"], environ["wsgi.input"] = str(len(body)), io.BytesIO(body)


def _check_json(body: bytes) -> dict[str, Any]:
    try:
        given: Any = decode(body)
    except (DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Refused("SerializationException", str(error)) from error
    if isinstance(given, list):
        raise Refused("SerializationException", "Start of list found where not expected.")
    if not isinstance(given, dict):
        raise Refused("SerializationException", "Unexpected token where the start of a structure was expected.")
    return given
