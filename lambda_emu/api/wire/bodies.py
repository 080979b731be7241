"""Large bodies of requests, which lie in files, are taken apart by a helper process.

Parsing 67 MB of JSON and decoding 50 MB of base64 would hold the interpreter's lock for hundreds of milliseconds,
during which no invocation moves.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from msgspec import Struct

from lambda_emu.api.wire import unwrap
from lambda_emu.errors.request import MalformedRequest, RequestTooLarge
from lambda_emu.folders import PRIVATE, remove_files

SPOOLED = re.compile(r"(body|s3)-[a-z0-9_]{8}(\.zip)?")
"""What we name bodies, and objects of S3, that are on their way."""


def make_spool(folder: Path) -> None:
    """Where they are kept. What a killed emulator left there goes."""
    remove_files(folder, SPOOLED)
    folder.mkdir(PRIVATE, exist_ok=True)


class SpooledBlob(Struct, frozen=True):
    """The decoded bytes of a blob member, in a file that lives as long as the request."""

    path: Path
    size: int

    def __len__(self) -> int:
        return self.size


def read_spooled(body: Path, limit_bytes: int, operation: str) -> Any:
    """Parse a spooled JSON body; its ZipFile comes back as a SpooledBlob that lives until `discard_spooled`."""
    if body.stat().st_size > limit_bytes:
        raise RequestTooLarge(limit_bytes, operation)
    zip_path = _zip_beside(body)
    command = [sys.executable, "-I", "-S", unwrap.__file__, str(body), str(zip_path)]
    done = subprocess.run(command, capture_output=True, check=False)
    said = done.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
    if done.returncode == os.EX_IOERR:
        number, _, text = said.partition(" ")
        raise OSError(int(number), text)
    if done.returncode != 0:
        raise MalformedRequest(said)
    rest: dict[str, Any] = json.loads(done.stdout)
    if zip_path.exists():
        unwrap.zip_holder(rest)["ZipFile"] = SpooledBlob(zip_path, zip_path.stat().st_size)
    return rest


def discard_spooled(body: Path) -> None:
    """Delete what `read_spooled` made of this body, if it did."""
    _zip_beside(body).unlink(missing_ok=True)


def _zip_beside(body: Path) -> Path:
    return body.with_name(body.name + ".zip")
