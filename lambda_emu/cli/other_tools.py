"""Projects of other tools, which are not read yet: a folder with one is not simply an empty account."""

from __future__ import annotations

from pathlib import Path

OTHERS = {
    "cdk.json": "AWS CDK",
    "serverless.yml": "Serverless Framework",
    "serverless.yaml": "Serverless Framework",
    "serverless.json": "Serverless Framework",
    "serverless.ts": "Serverless Framework",
}
DO_INSTEAD = "declare its functions in lambda-emu.yaml, or create them through the Lambda API of a running server"


def is_others(file: Path) -> bool:
    """Whether it is a file of another tool, by its name."""
    return file.name in OTHERS and file.is_file()


def find_others(folder: Path) -> str | None:
    """A sentence on what is there and what to do about it."""
    found = [f"{name} ({tool})" for name, tool in OTHERS.items() if (folder / name).is_file()]
    if not found:
        return None
    return f"{folder} has {' and '.join(found)}, which lambda-emu does not read yet: {DO_INSTEAD}"
