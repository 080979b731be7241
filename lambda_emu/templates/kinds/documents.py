"""Documents that say what a resource is: in its properties, or in S3, where `package` and `sam deploy` put them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lambda_emu.model.function.function import S3Object
from lambda_emu.project.document import Document, forget
from lambda_emu.templates.kinds.kind import Asked, refuse

MOST_BYTES = 6 * 1024 * 1024
"""API Gateway's bound for a document of OpenAPI; a definition of a state machine may be 1 MB long."""


def document_of(asked: Asked, *inline: str, in_s3: str) -> Any:
    """What the first of these properties says, else the object that `in_s3` names; None where there is neither.

    A text that is JSON or YAML is read. CannotChange, LambdaError.
    """
    said = next((asked.get(name) for name in inline if asked.get(name) is not None), None)
    if isinstance(said, str):
        return read_document(said.encode(), inline[0])
    if said is not None or asked.get(in_s3) is None:
        return said
    return read_document(_fetch(asked, in_s3), in_s3)


def read_document(text: bytes, name: str) -> Any:
    """Of JSON or YAML. name: what it is called where it is wrong. CannotChange."""
    try:
        return json.loads(text)
    except ValueError:
        document = Document(Path(name), text)
    except RecursionError:
        raise refuse(f"{name}: nested too deep") from None
    found = None if document.root is None else document.data(document.root)
    forget()
    if document.mistakes:
        raise refuse("; ".join(document.mistakes))
    return found


def _fetch(asked: Asked, property: str) -> bytes:
    """LambdaError: what S3 says of it."""
    said = asked.get(property)
    if not isinstance(said, Mapping) or not said.get("Bucket") or not said.get("Key"):
        raise refuse(f"{property} must be a mapping with Bucket and Key")
    version = said.get("Version")
    wanted = S3Object(str(said["Bucket"]), str(said["Key"]), None if version is None else str(version))
    context = asked.reach.context
    with context.s3.fetch(wanted, context.scope, MOST_BYTES) as (path, _):
        return path.read_bytes()
