"""Small projects to begin with: what there is, and where their files are."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct


class Starter(Struct, frozen=True):
    """what: one line of what it is. ask: a command that has it do something, while it is served."""

    what: str
    ask: str


_HELLO = """lambda-emu invoke hello '{"name": "Ada"}'"""
_AWS = "aws --endpoint-url http://127.0.0.1:9000"
STARTERS: Mapping[str, Starter] = {
    "python": Starter("a function in Python that greets", _HELLO),
    "node": Starter("the same in JavaScript", _HELLO),
    "typescript": Starter("the same in TypeScript, by esbuild", _HELLO),
    "java": Starter("the same in Java, by Maven", _HELLO),
    "go": Starter("the same in Go", _HELLO),
    "rust": Starter("the same in Rust, by cargo-lambda", _HELLO),
    "api": Starter(
        "notes in a table, by an HTTP API",
        'curl -X PUT -d \'{"text": "Milk"}\' ADDRESS/notes/1, by the address it tells',
    ),
    "queue": Starter(
        "orders from a queue",
        f"""{_AWS} sqs send-message --queue-url orders --message-body '{{"item": "cup"}}'""",
    ),
    "photo": Starter("photos that come to a bucket are measured", f"{_AWS} s3 cp PHOTO.png s3://photos/"),
}
"""By the name of their folder."""


def folder_of(name: str) -> Path:
    """Of one, or below it: inside the package in a wheel, beside it in a checkout."""
    package = Path(__file__).parents[1]
    inside = package / "_starters"
    return (inside if inside.is_dir() else package.parent / "starters") / name
