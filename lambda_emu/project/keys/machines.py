"""State machines of Step Functions: the keys of `resources: machines`, whose definitions are files or stand there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from lambda_emu.model import value_types
from lambda_emu.model.value_types import choice, text
from lambda_emu.project.document import Document, Value
from lambda_emu.project.keys.roles import NAMED
from lambda_emu.project.keys.shapes import Key
from lambda_emu.project.keys.types import KeyType, single

MACHINE = text("1 to 80 letters, digits, - and _", r"[A-Za-z0-9_-]{1,80}")
DEFINITION_BYTES = 1024 * 1024


def _read_definition(document: Document, value: Value) -> dict[str, Any] | None:
    """A file beside the project's, or what stands in its place."""
    if value.is_mapping and not value.is_null:
        found: dict[str, Any] = document.data(value)
        return found
    written: Path | None = document.scalar(value, value_types.PATH)
    return None if written is None else _read_file(document, value, document.path.parent / written)


def _read_file(document: Document, value: Value, path: Path) -> dict[str, Any] | None:
    try:
        with path.open("rb") as file:
            data = file.read(DEFINITION_BYTES + 1)
        found = json.loads(data)
    except OSError as error:
        document.mistake(value, f"{path.name}: {error.strerror or error}")
        return None
    except (ValueError, RecursionError) as error:
        document.mistake(value, f"{path.name} is no JSON: {error}")
        return None
    if not isinstance(found, dict) or len(data) > DEFINITION_BYTES:
        document.mistake(value, f"{path.name} must be an object of JSON, of 1 MB at most")
        return None
    return found


MACHINE_KEYS = (
    Key(
        "definition",
        "definition",
        KeyType("a file of JSON, or a mapping with StartAt and States", _read_definition),
        "What it does, in Amazon States Language. `${name.Arn}` in its texts is the ARN of the function `name`.",
        required=True,
    ),
    Key("type", "type", single(choice("STANDARD", "EXPRESS")), "As it was made.", default="`STANDARD`"),
    Key(
        "role",
        "roleArn",
        single(NAMED),
        "As which it asks services.",
        default="its own name",
    ),
)
