"""What a body must be before moto is given it."""

from __future__ import annotations

import io
from typing import Any

from msgspec import DecodeError
from msgspec.json import decode

from lambda_emu.services.child.program.checks import s3
from lambda_emu.services.child.program.checks.refused import BODY, Environ, Refused, is_form


def check(backend: str, environ: Environ) -> None:
    """Refused. The body of what is no S3 stands in the environ afterwards, and can be read again."""
    if backend == "s3":
        s3.check(environ)
    elif backend != "s3control":
        body = read(environ)
        environ[BODY] = body
        if body and not is_form(backend, environ) and not _is_document(backend, environ):
            _check_json(body)


def _is_document(backend: str, environ: Environ) -> bool:
    """What describes an API may be YAML; what is packed is nothing yet."""
    if "HTTP_CONTENT_ENCODING" in environ:
        return True
    is_put = environ["REQUEST_METHOD"] == "PUT" or "mode=" in environ["QUERY_STRING"]
    return backend == "apigateway" and is_put


def read(environ: Environ) -> bytes:
    """All of it; it can be read once more."""
    length = int(environ.get("CONTENT_LENGTH") or 0)
    body: bytes = environ["wsgi.input"].read(length) if length else b""
    environ["wsgi.input"] = io.BytesIO(body)
    return body


def _check_json(body: bytes) -> None:
    try:
        given: Any = decode(body)
    except (DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Refused("SerializationException", str(error)) from error
    if isinstance(given, list):
        raise Refused("SerializationException", "Start of list found where not expected.")
    if not isinstance(given, dict):
        raise Refused("SerializationException", "Unexpected token where the start of a structure was expected.")
