"""Whom the suite asks: an emulator for each engine, and in it one runtime after the other, by all tests of this folder.

`make test` runs one runtime of each family but .NET, which has test_dotnet_runtimes.py; `make test-runtimes` all others
that an image can be built for. docs/runtimes.md has its rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache

import pytest
from own import OwnLam
from packages import runtime_of_machine

from lambda_emu.runtimes import catalogue
from languages import Case, Serve, cases
from languages.rows import known_difference
from languages.subject import Subject

Emulators = Callable[[Serve, str], OwnLam]


@pytest.fixture(scope="package")
def emulators(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulators]:
    """Shared by all languages but those that need another machine."""
    with ExitStack() as stack:

        @cache
        def emulator(serve: Serve, engine: str) -> OwnLam:
            folder = tmp_path_factory.mktemp(f"languages-{engine}")
            return stack.enter_context(serve(pytestconfig, folder, engine))

        yield emulator


@pytest.fixture(scope="package", params=cases())
def subject(request: pytest.FixtureRequest, emulators: Emulators) -> Iterator[Subject]:
    case: Case = request.param
    language = case.language
    lam = emulators(language.serve, case.engine)
    runtime = catalogue().get(case.runtime or runtime_of_machine(language.family))
    assert runtime is not None
    made = Subject(lam, case, runtime, dict(language.files(request.config)), "")
    made.layer = made.publish("layer", language.layer(request.config))
    variables = {"OWN": "mine", "EMPTY": "", "WORD": "Grüße = 1", "LANG": "C.UTF-8", "TZ": "Europe/Berlin"}
    made.name = made.create(language.handler, Layers=[made.layer], Environment={"Variables": variables})
    yield made
    lam.close()


@pytest.fixture(autouse=True)
def expect_what_is_known_to_differ(request: pytest.FixtureRequest, subject: Subject) -> None:
    mark = request.node.get_closest_marker("row")
    assert mark is not None
    reason = known_difference(subject.runtime, mark.args[0], subject.case.engine)
    if reason is not None:
        request.node.add_marker(pytest.mark.xfail(reason=reason, strict=True))
