"""The languages of the suite: each is a module here with one value, and a row of this table."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from lambda_emu.runtimes import catalogue
from lambda_emu.sandbox.toolchain.layout import LANGUAGES as toolchains
from languages.dotnet import DOTNET
from languages.java import JAVA
from languages.language import Failure, Form, Language, Serve, Thrown
from languages.nodejs import NODE
from languages.provided import CPP, GO, RUST
from languages.python import PYTHON
from languages.ruby import RUBY

__all__ = ["LANGUAGES", "Case", "Failure", "Form", "Language", "Serve", "Thrown", "cases", "languages_of", "runtimes"]

LANGUAGES = (DOTNET, JAVA, NODE, PYTHON, RUBY, GO, RUST, CPP)
FIRST = ("java21", "nodejs24.x", "provided.al2023", "python3.13", "ruby3.3")
"""One of each family but .NET, which `make test` runs."""
FIRST_AS_PROCESS = (PYTHON,)
"""What of this machine `make test` runs: of the other languages it runs the containers."""


@dataclass(frozen=True)
class Case:
    """A language on an engine. runtime: None for the one that this machine has, which processes are."""

    language: Language
    engine: str
    runtime: str | None = None

    @property
    def id(self) -> str:
        """`python3.13-docker`, `java-process`, `provided.al2023-go-docker`."""
        return "-".join(filter(None, (self.runtime or self.language.family, self.language.name, self.engine)))


def cases() -> list[object]:
    """Every language in every runtime and on both engines, as pytest's parameters."""
    return [*_in_containers(), *_as_processes()]


def _in_containers() -> Iterator[object]:
    for runtime in catalogue():
        if runtime.recipe is not None:
            first = runtime.identifier in FIRST
            marks = [pytest.mark.docker] if first else [pytest.mark.docker, pytest.mark.runtimes]
            for number, language in enumerate(languages_of(runtime.family)):
                case = Case(language, "docker", runtime.identifier)
                also = [pytest.mark.runtimes] if first and number > 0 else []
                yield pytest.param(case, marks=[*marks, *also], id=case.id)


def _as_processes() -> Iterator[object]:
    for language in (language for language in LANGUAGES if language.family in toolchains):
        case = Case(language, "process")
        marks = [] if language in FIRST_AS_PROCESS else [pytest.mark.runtimes]
        yield pytest.param(case, marks=marks, id=case.id)


def languages_of(family: str) -> list[Language]:
    return [language for language in LANGUAGES if language.family == family]


def runtimes(*families: str) -> list[object]:
    """Every runtime of these families that an image can be built for, as pytest's parameters."""
    buildable = [one.identifier for one in catalogue() if one.recipe is not None and one.family in families]
    return [
        pytest.param(name, marks=[pytest.mark.docker] if name in FIRST else [pytest.mark.docker, pytest.mark.runtimes])
        for name in buildable
    ]
