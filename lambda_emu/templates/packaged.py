"""What `serverless package` made: its template says where code will lie in S3, and the zips lie beside the template."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from msgspec.structs import replace

from lambda_emu.templates.found import PACKAGED
from lambda_emu.templates.language.document import Template


def with_code_beside(template: Template, code: Mapping[str, str]) -> Template:
    """The same with those zips as code. code: the property of each type that has some.

    The key in S3 ends with the zip's name, as compile/functions.js of version 3 has it.
    """
    folder = template.file.absolute().parent
    if folder.name != PACKAGED.parent.name:
        return template
    declared = template.section("Resources").items()
    resources = {logical_id: _with_code(resource, code, folder) for logical_id, resource in declared}
    return replace(template, body={**template.body, "Resources": resources})


def _with_code(resource: Any, code: Mapping[str, str], folder: Path) -> Any:
    said = resource if isinstance(resource, dict) else {}
    properties, member = said.get("Properties"), code.get(str(said.get("Type")))
    placed = properties.get(member) if isinstance(properties, dict) else None
    key = placed.get("S3Key") if isinstance(placed, dict) else None
    name = PurePosixPath(key).name if isinstance(key, str) else ""
    if not name or not (folder / name).is_file():
        return resource
    return {**said, "Properties": {**said["Properties"], member: name}}
