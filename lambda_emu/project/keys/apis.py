"""`resources: apis`: APIs of API Gateway, each from a document of OpenAPI beside the project's file."""

from __future__ import annotations

import os
from pathlib import Path

from lambda_emu.model import value_types
from lambda_emu.model.value_types import choice, text
from lambda_emu.project.document import Document, Value
from lambda_emu.project.keys.shapes import Key
from lambda_emu.project.keys.types import KeyType, single

IMPORTED_API = "imported API"
API = text("1 to 64 letters, digits, - and _", r"[\w-]{1,64}")
MOST_BYTES = 6 * 1024 * 1024
"""Of a document, as on AWS."""


def _read_file(document: Document, value: Value) -> str | None:
    """What the file says; a relative path is relative to the document."""
    written: Path | None = document.scalar(value, value_types.PATH)
    if written is None:
        return None
    path = Path(os.path.abspath(document.path.parent / written))
    if not path.is_file():
        document.mistake(value, f"{written} {'must be a file' if path.exists() else 'does not exist'}")
    elif path.stat().st_size > MOST_BYTES:
        document.mistake(value, f"{written} is larger than {MOST_BYTES} bytes")
    else:
        return path.read_text("utf-8", "replace")
    return None


API_KEYS = (
    Key(
        "openapi",
        "document",
        KeyType("a file of OpenAPI 3 or Swagger 2, in YAML or JSON", _read_file),
        "What the API is, with `x-amazon-apigateway-` extensions.",
        required=True,
    ),
    Key("kind", "kind", single(choice("rest", "http")), "A REST API or an HTTP API.", default="`rest`"),
    Key(
        "stage",
        "stage",
        single(text("letters, digits, - and _, or $default", r"[\w-]{1,64}|\$default")),
        "Where it is deployed.",
        default="`dev`, of an HTTP API `$default`",
    ),
)
