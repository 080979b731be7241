"""A template's file as an earlier start has read it: YAML takes twenty times as long as JSON."""

from __future__ import annotations

import hashlib
from pathlib import Path

from lambda_emu.project import document as of_projects
from lambda_emu.templates.cached import keep, kept
from lambda_emu.templates.language import document as of_templates
from lambda_emu.templates.language.document import Template, read_template


def read_file(file: Path, cache: Path) -> Template:
    """As `read_template`, which reads it where it was not read before by this code, or is not to be read at all."""
    text = _text(file)
    if text is None:
        return read_template(file)
    kept_in = cache / f"{hashlib.sha256(f'{_reader()} '.encode() + text).hexdigest()}.json"
    found = kept(kept_in, "body", "lines")
    if found is not None:
        return Template(file, found["body"], {tuple(place): line for place, line in found["lines"]})
    template = read_template(file, text)
    keep(kept_in, {"body": template.body, "lines": [*template.lines.items()]})
    return template


def _text(file: Path) -> bytes | None:
    """None: it is none, or too long."""
    try:
        if not file.is_file() or file.stat().st_size > of_projects.MAX_BYTES:
            return None
        return file.read_bytes()
    except OSError:
        return None


def _reader() -> list[int]:
    """Tells this code from that of other versions."""
    files = [Path(str(one.__file__)).stat() for one in (of_projects, of_templates)]
    return [number for one in files for number in (one.st_mtime_ns, one.st_size)]
