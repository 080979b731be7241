"""What `invoke` is told to invoke: a function of the project, or a folder of code, which becomes a project of one.

The project comes first: where one is, a bare name is a function of it, and a folder or file is meant by a path: ./NAME.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lambda_emu.arn import parse_function_name
from lambda_emu.cli.handlers import detect, detect_file
from lambda_emu.cli.options import NotDone, advice, settings
from lambda_emu.cli.other_tools import find_others
from lambda_emu.config import PROJECT_FILE, Settings
from lambda_emu.sandbox.temporary import temporary_folder
from lambda_emu.templates.found import find_template

HINT = (
    "Write one, name a folder of code (lambda-emu invoke ./{name}), or a project (--project DIR) or server "
    "(--endpoint-url URL) that has {name}"
)


def is_path(function: str) -> bool:
    """Whether it can only be a folder or a file: names and ARNs have neither slash nor dot."""
    return "/" in function or "." in function


@contextmanager
def as_project(function: str, project: str | None) -> Iterator[tuple[str, str | None]]:
    """The name to invoke, and the project it is in. NotDone where there is no such function, folder or handler."""
    if is_path(function):
        if project is not None:
            raise NotDone("--project goes with the name of one of its functions, not with a folder.")
        with _make_project(Path(function)) as made:
            yield made
        return
    chosen = settings(project=project)
    if not chosen.project_file.exists() and Path(function).is_dir() and project is None:
        with _make_project(Path(function)) as made:
            yield made
        return
    _check_declared(function, chosen)
    yield function, project


def _check_declared(function: str, chosen: Settings) -> None:
    """NotDone that says what was meant where the project has no function of this name."""
    from lambda_emu.project import ProjectError, read_project

    name, file = name_in(function), chosen.project_file
    template = find_template(chosen.project)
    if template is not None and (template == file or not file.exists()):
        raise NotDone(f"{template} is served by `lambda-emu serve`; while that runs, invoke asks it.")
    if not file.exists():
        hint = find_others(chosen.project) or HINT.format(name=name)
        raise NotDone(f"There is no {PROJECT_FILE} in {chosen.project}, and no folder {name}. {hint}.")
    try:
        declared = [one.name for one in read_project(chosen.project).functions]
    except ProjectError:
        return  # told when it is started
    if name not in declared:
        folder = f" The folder is meant by ./{name}." if Path(name).exists() else ""
        raise NotDone(f"{file} declares no function {name!r}{advice(name, declared)}{folder}")


def name_in(function: str) -> str:
    """The name in a name, a qualified name or an ARN."""
    try:
        return parse_function_name(function).name
    except ValueError:
        raise NotDone(f"{function!r} is neither a function's name or ARN nor a folder here.") from None


@contextmanager
def _make_project(path: Path) -> Iterator[tuple[str, str]]:
    """A project for a while, of the code in a folder or of one file in its folder."""
    if path.is_dir():
        folder = path
        if (folder / PROJECT_FILE).exists():
            raise NotDone(f"{path} is a project; name one of its functions: lambda-emu invoke NAME --project {path}")
        runtime, handler = detect(folder)
    elif path.is_file():
        folder = path.parent
        runtime, handler = detect_file(path)
    else:
        raise NotDone(f"{path} is neither a folder nor a file here.")
    name = re.sub(r"[^A-Za-z0-9_-]+", "-", folder.resolve().name)[:64] or "function"
    described = {"runtime": runtime, "handler": handler, "code": str(folder.resolve())}
    with temporary_folder() as made:
        file = made / PROJECT_FILE
        file.write_text(json.dumps({"functions": {name: described}}))  # JSON is YAML
        yield name, str(file)
