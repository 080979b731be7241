"""The projects of examples/projects, one after the other on one emulator: each served as it stands there."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from boto_rig import client_at
from own import OwnLam, own_emulator
from packages import cache_dir
from waiting import Eventually

from lambda_emu.arn import Scope
from lambda_emu.templates.serving import Chosen, Declared, read_declared
from lambda_emu.templates.strict import without_effect

PROJECTS = Path(__file__).parents[2] / "examples" / "projects"
NAMES = sorted(folder.name for folder in PROJECTS.iterdir() if folder.is_dir())
SCOPE = Scope("000000000000", "us-east-1")
Answer = tuple[int, Any]


@dataclass(frozen=True)
class Project:
    """One of them while it is served. told: its outputs."""

    lam: OwnLam
    folder: Path
    told: Mapping[str, str]
    eventually: Eventually

    def client(self, service: str) -> Any:
        return client_at(self.lam.url, service)

    def heard(self, function: str, *texts: str) -> list[str]:
        """What a function has printed, once each of these texts is in it."""

        def look() -> list[str]:
            printed = self.lam.own_events(function)
            return printed if all(text in "".join(printed) for text in texts) else []

        found: list[str] = self.eventually(look, f"{function} to print {texts}")
        return found


Prepare = Callable[[Path], object]


class Serve(Protocol):
    """Serves a project by its name. prepare: what is to be done in its copy before."""

    def __call__(self, name: str, prepare: Prepare = ...) -> Project: ...


def read_sample(folder: Path) -> Declared:
    """What a folder's template declares, as `lambda-emu serve` reads it."""
    return read_declared(Chosen(folder, {}, cache_dir() / "templates", strict=False), SCOPE, None)


def told_of(declared: Declared) -> list[str]:
    """The types and properties of its strict report."""
    (stack,) = declared.stacks
    lines = without_effect(stack)
    found = [re.search(r"(AWS::[\w:]+) is not served|\.(\w+): has no effect", line) for line in lines]
    return [one[1] or one[2] for one in found if one is not None]


@pytest.fixture(scope="module")
def emulator_of_samples(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnLam]:
    with own_emulator(tmp_path_factory.mktemp("empty"), "process", stems=0, ephemeral="true") as lam:
        yield lam


@pytest.fixture
def serve(emulator_of_samples: OwnLam, tmp_path: Path, eventually: Eventually) -> Serve:
    """What was served before is removed first, as a start removes what is no longer declared."""
    return serve_at(emulator_of_samples, tmp_path, eventually)


def serve_at(lam: OwnLam, folder: Path, eventually: Eventually) -> Serve:
    """folder: for the copies."""

    def serve_project(name: str, prepare: Prepare = bool) -> Project:
        copy = Path(shutil.copytree(PROJECTS / name, folder / name))
        prepare(copy)
        declared = read_sample(copy)
        lam.emulator.deploy(declared)
        for function in declared.functions:
            lam.wait_until_active(function)
        return Project(lam, copy, dict(lam.emulator.addresses), eventually)

    return serve_project


def ask(url: str, method: str = "GET", body: Any = None, **headers: str) -> Answer:
    """The status, and what the answer has as JSON, None for nothing. headers: with _ for -."""
    data = None if body is None else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        with urlopen(Request(url, data, named, method=method), timeout=60) as answer:
            return answer.status, json.loads(answer.read() or b"null")
    except HTTPError as error:
        return error.code, json.loads(error.read() or b"null")
