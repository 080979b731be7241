"""What CreateFunction is asked for, by what a test gives: source text, a path, a zip, or a name of the project."""

from __future__ import annotations

import io
import re
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

from msgspec import Struct, field

from lambda_emu.cli.handlers import (
    MAX_SOURCE_BYTES,
    NODE_FILES,
    NODE_RUNTIME,
    OWN_PYTHON,
    PYTHON_FILES,
    detect,
    detect_file,
    handler_in,
)
from lambda_emu.cli.options import NotDone, advice
from lambda_emu.project import ProjectError, read_project
from lambda_emu.project.declarations import DeclaredFunction
from lambda_emu.store.code.folder_zip import UnusableFolder, write_folder
from lambda_emu.templates.found import is_template
from lambda_emu.testing.errors import NotDeployed

CREATE_LIMIT_S = 600.0
"""Images are built or fetched once."""
NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
SOURCES = {"nodejs": ("index.mjs", "index.handler"), "ruby": ("app.rb", "app.handler"), "python": ("app.py", "")}
"""By the beginning of a runtime: the file that source text becomes, and its handler."""
TOLD = {
    "name": "FunctionName",
    "runtime": "Runtime",
    "handler": "Handler",
    "timeout": "Timeout",
    "memory": "MemorySize",
}
"""Names of members of CreateFunction by those of lambda-emu.yaml."""


class LayerContent(Struct, frozen=True):
    """A layer that is published first."""

    name: str
    content: bytes


class Deployment(Struct):
    """members: of CreateFunction. layers: to be published, or ARNs. reserved: its reserved concurrency."""

    members: dict[str, Any]
    layers: Sequence[LayerContent | str] = field(default_factory=list)
    reserved: int | None = None


def deployment(what: str | bytes | Path, told: Mapping[str, Any], project: str, account: str) -> Deployment:
    """NotDeployed, with what would have done. told: as `Account.deploy` has it."""
    told = dict(told)
    environment = told.pop("environment", None)
    members = {TOLD.get(name, name): value for name, value in told.items() if value is not None}
    if environment is not None:
        members["Environment"] = {"Variables": dict(environment)}
    try:
        found = _found(what, members, project)
    except (NotDone, ProjectError, UnusableFolder, OSError) as error:
        raise NotDeployed(str(error)) from error
    found.members |= members
    if not found.members["Handler"]:
        raise NotDeployed("the zip has no file by whose name its handler is known; tell handler=… and runtime=…")
    found.members.setdefault("Role", f"arn:aws:iam::{account}:role/lambda-emu")
    return found


def _found(what: str | bytes | Path, members: Mapping[str, Any], project: str) -> Deployment:
    if isinstance(what, bytes):
        return _of_zip(what, "function")
    if isinstance(what, Path):
        return _of_path(what)
    if "\n" in what or "(" in what:
        return _of_source(textwrap.dedent(what), str(members.get("Runtime", OWN_PYTHON)))
    if NAME.fullmatch(what) and (declared := _declared(what, project)) is not None:
        return _of_project(declared)
    if Path(what).exists():
        return _of_path(Path(what))
    names = [one.name for one in _functions(project)]
    raise NotDeployed(f"{what!r} is no path, no source text and no function of {project}{advice(what, names)}")


def _of_source(text: str, runtime: str) -> Deployment:
    file, handler = next((found for start, found in SOURCES.items() if runtime.startswith(start)), ("", ""))
    if not file:
        raise NotDeployed(f"source text can be Python, JavaScript or Ruby, not {runtime}; give a folder or a zip")
    if not handler:
        function = handler_in(text.encode())
        if function is None:
            raise NotDeployed(f"the source text defines neither handler nor lambda_handler:\n{text}")
        handler = f"app.{function}"
    return Deployment(_members("function", runtime, handler, _zip({file: text.encode()})))


def _of_path(path: Path) -> Deployment:
    if path.suffix == ".zip":
        return _of_zip(path.read_bytes(), path.stem)
    if path.is_dir():
        runtime, handler = detect(path)
        return Deployment(_members(path.resolve().name, runtime, handler, _zip_folder(path)))
    runtime, handler = detect_file(path)
    return Deployment(_members(path.stem, runtime, handler, _zip({path.name: path.read_bytes()})))


def _of_zip(content: bytes, name: str) -> Deployment:
    """By the names that people give files in it; what is in others needs its handler told."""
    try:
        with ZipFile(io.BytesIO(content)) as file:
            handler, runtime = _handler_in_zip(file)
    except (BadZipFile, NotImplementedError, RuntimeError) as error:
        raise NotDeployed(f"{name} is no zip that can be read: {error}") from error
    return Deployment(_members(name, runtime, handler, content))


def _handler_in_zip(file: ZipFile) -> tuple[str, str]:
    """And its runtime; a handler that is empty is one that is not known."""
    names = set(file.namelist())
    for name in PYTHON_FILES:
        if name in names and (function := handler_in(file.open(name).read(MAX_SOURCE_BYTES))) is not None:
            return f"{Path(name).stem}.{function}", OWN_PYTHON
    for name in NODE_FILES:
        if name in names:
            return f"{Path(name).stem}.handler", NODE_RUNTIME
    return "", OWN_PYTHON


def _declared(name: str, project: str) -> DeclaredFunction | None:
    return next((one for one in _functions(project) if one.name == name), None)


def _functions(project: str) -> Sequence[DeclaredFunction]:
    """Of its lambda-emu.yaml. What a template has is made by a server alone."""
    path = Path(project)
    return () if path.is_file() and is_template(path) else read_project(path).functions


def _of_project(declared: DeclaredFunction) -> Deployment:
    members = _members(declared.name, declared.runtime, declared.handler, _zip_any(declared.code))
    members |= {
        "MemorySize": declared.memory_mb,
        "Timeout": declared.timeout_s,
        "EphemeralStorage": {"Size": declared.ephemeral_storage_mb},
        "Architectures": [declared.architecture],
        "Description": declared.description,
        "LoggingConfig": {"LogFormat": declared.log_format},
        "Tags": dict(declared.tags),
    }
    if declared.environment is not None:
        members["Environment"] = {"Variables": dict(declared.environment)}
    layers = [
        layer if isinstance(layer, str) else LayerContent(_named(layer.stem), _zip_any(layer))
        for layer in declared.layers
    ]
    return Deployment(members, layers, declared.reserved_concurrency)


def _members(name: str, runtime: str, handler: str, content: bytes) -> dict[str, Any]:
    return {"FunctionName": _named(name), "Runtime": runtime, "Handler": handler, "Code": {"ZipFile": content}}


def _named(text: str) -> str:
    """A name, of any text."""
    return re.sub(r"[^A-Za-z0-9_-]+", "-", text).strip("-")[:64] or "function"


def _zip_any(path: Path) -> bytes:
    return _zip_folder(path) if path.is_dir() else path.read_bytes()


def _zip_folder(folder: Path) -> bytes:
    out = io.BytesIO()
    write_folder(folder, out)
    return out.getvalue()


def _zip(files: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with ZipFile(out, "w") as file:
        for name, content in files.items():
            file.writestr(name, content)
    return out.getvalue()
