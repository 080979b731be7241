"""Take the zip out of a large body that brings code: `python unwrap.py BODY_FILE ZIP_FILE`.

Runs as a process of its own and imports nothing of ours. Writes the decoded ZipFile (or that of Code or Content) to
ZIP_FILE and prints the JSON without its text. Exit code 1, with the reason on stderr, if the body is not JSON, the zip
not base64, or too much remains; EX_IOERR, with errno and its text, if a file cannot be read or written.
"""

from __future__ import annotations

import binascii
import json
import os
import sys
from pathlib import Path
from typing import Any

MOST_REST_CHARACTERS = 1_000_000  # a tenth would do for the longest names, tags and variables there can be


def zip_holder(body: dict[str, Any]) -> dict[str, Any]:
    """The part of a body that has the zip: of CreateFunction, of PublishLayerVersion, else the body itself."""
    for name in ("Code", "Content"):
        part = body.get(name)
        if isinstance(part, dict) and "ZipFile" in part:
            return part
    return body


def unwrap(body: Path, zip_file: Path) -> dict[str, Any]:
    """What remains of `body`; ZipFile is left in it as null. ValueError if it cannot be read."""
    rest = json.loads(body.read_bytes())
    if not isinstance(rest, dict):
        raise ValueError("Start of list found where not expected")
    holder = zip_holder(rest)
    encoded = holder.get("ZipFile")
    if isinstance(encoded, str):
        zip_file.write_bytes(binascii.a2b_base64(encoded, strict_mode=True))
        holder["ZipFile"] = None
    return rest


def main(body: str, zip_file: str) -> None:
    try:
        rest = json.dumps(unwrap(Path(body), Path(zip_file)))
    except (ValueError, RecursionError) as error:
        sys.exit(str(error))
    except OSError as error:
        sys.stderr.write(f"{error.errno} {error.strerror}")
        sys.exit(os.EX_IOERR)
    if len(rest) > MOST_REST_CHARACTERS:
        sys.exit("Too much beside the code")
    sys.stdout.write(rest)


if __name__ == "__main__":
    main(*sys.argv[1:])
