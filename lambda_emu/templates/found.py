"""Where the template of a project is. Light, as each start asks."""

from __future__ import annotations

import re
from pathlib import Path

NAMES = ("template.yaml", "template.yml", "template.json")
BUILT = Path(".aws-sam", "build", "template.yaml")
"""What `sam build` makes, with code whose dependencies are installed."""
PACKAGED = Path(".serverless", "cloudformation-template-update-stack.json")
"""What `serverless package` makes, with the code beside it."""
LOOKED_AT_BYTES = 256 * 1024
_RESOURCES = re.compile(rb"""^(Resources[ \t]*:|[ \t{]*"Resources"[ \t]*:)""", re.MULTILINE)


def find_template(project: Path) -> Path | None:
    """A project's template: the file itself, or that of a folder, where what was built of it goes first if newer."""
    if project.is_file():
        return project if is_template(project) else None
    for name in NAMES:
        source = project / name
        if source.is_file():
            built = project / BUILT
            is_newer = built.is_file() and built.stat().st_mtime >= source.stat().st_mtime
            return built if is_newer else source
    packaged = project / PACKAGED
    return packaged if packaged.is_file() else None


def is_template(file: Path) -> bool:
    """By its name, else by what it has."""
    if file.name in NAMES or file.suffix == ".template":
        return True
    try:
        with open(file, "rb") as opened:
            return _RESOURCES.search(opened.read(LOOKED_AT_BYTES)) is not None
    except OSError:
        return False


def source_folder(template: Path) -> Path:
    """The project's folder, where samconfig.toml lies, also of a template that was built or packaged."""
    folder = template.absolute().parent
    if folder.name == PACKAGED.parent.name:
        return folder.parent
    return folder.parents[1] if folder.parts[-2:] == BUILT.parts[:-1] else folder
