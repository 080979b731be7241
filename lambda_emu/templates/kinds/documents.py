"""Documents that say what a resource is: in its properties, or in S3, where `package` and `sam deploy` put them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from lambda_emu.project.document import MAX_BYTES, Document, forget
from lambda_emu.project.services.reach import Reach
from lambda_emu.templates.kinds.kind import ResourceRequest, refuse

MOST_BYTES = 6 * 1024 * 1024
"""API Gateway's bound for a document of OpenAPI; a definition of a state machine may be 1 MB long."""


def document_of(asked: ResourceRequest, *inline: str, in_s3: str) -> Any:
    """What the first of these properties says, else the object that `in_s3` names; None where there is neither.

    A text that is JSON or YAML is read. CannotChange.
    """
    said = next((asked.get(name) for name in inline if asked.get(name) is not None), None)
    if isinstance(said, str):
        return read_document(said.encode(), inline[0])
    if said is not None:
        return said
    stored = text_in_s3(asked, in_s3)
    return None if stored is None else read_document(stored.encode(), in_s3)


def read_document(text: bytes, name: str) -> Any:
    """Of JSON or YAML. name: what it is called where it is wrong. CannotChange."""
    try:
        return json.loads(text)
    except RecursionError:
        raise refuse(f"{name}: nested too deep") from None
    except ValueError:
        if len(text) > MAX_BYTES:
            raise refuse(f"{name}: is no JSON, and longer than YAML may be, which is {MAX_BYTES} bytes") from None
    document = Document(Path(name), text)
    found = None if document.root is None else document.data(document.root)
    forget()
    if document.mistakes:
        raise refuse("; ".join(document.mistakes))
    return found


def text_in_s3(asked: ResourceRequest, property: str) -> str | None:
    """What the object says that a property names; None where it names none. CannotChange."""
    said = asked.get(property)
    if said is None:
        return None
    if not isinstance(said, Mapping) or not said.get("Bucket") or not said.get("Key"):
        raise refuse(f"{property} must be a mapping with Bucket and Key")
    found = read_object(asked.reach, str(said["Bucket"]), str(said["Key"]), said.get("Version"))
    return found.decode(errors="replace")


def read_named(reach: Reach, location: str, most_bytes: int) -> bytes:
    """An object, by `s3://bucket/key`. CannotChange."""
    bucket, _, key = location.removeprefix("s3://").partition("/")
    if not bucket or not key:
        raise refuse(f"{location} names no object")
    return read_object(reach, bucket, key, most_bytes=most_bytes)


def read_object(reach: Reach, bucket: str, key: str, version: Any = None, most_bytes: int = MOST_BYTES) -> bytes:
    """By the rights of whoever the stack is made for. CannotChange."""
    named = {"Bucket": bucket, "Key": key, **({"VersionId": str(version)} if version else {})}
    answer = reach.call("s3", "GetObject", **named)
    with closing(answer["Body"]) as body:
        found: bytes = body.read(most_bytes + 1)
    if len(found) > most_bytes:
        raise refuse(f"s3://{bucket}/{key} is larger than {most_bytes} bytes")
    return found
