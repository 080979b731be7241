"""Pages below /_lambda-emu/ are closed unless they are known to be open: also the next one that somebody adds."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from api_rig import SCOPE, Activations, ask, make_context
from flask import Flask, Response

from lambda_emu.api.app import create_app
from lambda_emu.api.own_pages import Insight, add_pages, create_pages
from lambda_emu.api.token import HEADER, OWN
from lambda_emu.clock import Clock
from lambda_emu.logs.levels import Level
from lambda_emu.logs.reader import LogReader
from lambda_emu.logs.store import LogStore
from lambda_emu.logs.stream import LogStream, Origin
from lambda_emu.pool.pool import Occupancy
from lambda_emu.store import Store
from lambda_emu.timekeeper import ClockMoves, Reading


class StillClock:
    """A clock that is read only."""

    def read(self) -> Reading:
        return Reading(0.0, 0.0)

    def advance(self, seconds: float) -> Reading:
        raise ClockMoves

    def reset(self) -> Reading:
        raise ClockMoves


TOKEN = "0123456789abcdef"
OPEN = {f"{OWN}health", f"{OWN}artifacts/x"}
LATER = f"{OWN}later"


@pytest.fixture(params=[True, False], ids=["functions reach it", "functions do not"])
def reachable(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture
def logs(tmp_path: Path) -> Iterator[LogStore]:
    logs = LogStore(tmp_path / "logs.db", 1 << 20, lambda call: call())
    yield logs
    logs.stop()


@pytest.fixture
def app(tmp_path: Path, logs: LogStore, reachable: bool) -> Iterator[Flask]:
    store = Store.open(tmp_path)
    logs.start()
    app = create_pages(store)
    reader = LogReader(tmp_path / "logs.db")
    occupied = Occupancy(environments=0, max_environments=1, waiting=0)
    write_logs = partial(logs.flush, 30)
    is_ready = lambda: app.config.get("is ready", True)  # noqa: E731
    insight = Insight(
        "docker", SCOPE, list, reader, write_logs, lambda _: None, TOKEN, "file", reachable, lambda: occupied, is_ready,
        dict, StillClock(), lambda _: {},
    )  # fmt: skip
    add_pages(app, insight)
    app.add_url_rule(LATER, "later", lambda: Response("told"), methods=["GET", "POST", "PUT", "DELETE", "PATCH"])
    yield app
    store.close()


def statuses(app: Flask, token: str | None) -> dict[tuple[str, str], int]:
    """The status of every page by every method it has."""
    headers = {} if token is None else {HEADER: token}
    rules = [rule for rule in app.url_map.iter_rules() if rule.rule.startswith(OWN)]
    pages = [(method, rule.rule.replace("<name>", "x")) for rule in rules for method in rule.methods or ()]
    return {(method, page): ask(app, f"{method} {page}", headers=headers).status for method, page in pages}


def test_only_what_is_known_to_be_open_answers_without_the_token(app: Flask, reachable: bool) -> None:
    found = statuses(app, None)

    closed = {page for page, status in found.items() if status == 403}
    changes = {(method, page) for method, page in found if method not in ("GET", "HEAD", "OPTIONS")}
    tells = {(method, page) for method, page in found if page not in OPEN} - changes
    assert closed == (changes | tells if reachable else changes)
    assert ("POST", f"{OWN}reset") in closed


def test_health_is_starting_until_all_is_there(app: Flask) -> None:
    app.config["is ready"] = False
    before = ask(app, f"GET {OWN}health")
    app.config["is ready"] = True
    after = ask(app, f"GET {OWN}health")

    assert (before.status, before.json["status"]) == (503, "starting")
    assert (after.status, after.json["status"]) == (200, "ok")


def test_with_the_token_every_page_answers(app: Flask) -> None:
    assert 403 not in statuses(app, TOKEN).values()


@pytest.mark.parametrize("token", ["", TOKEN[:-1], TOKEN + "0", TOKEN.upper(), f"{TOKEN},{TOKEN}"])
def test_what_is_not_the_token_is_none(app: Flask, token: str) -> None:
    assert ask(app, f"POST {LATER}", headers={HEADER: token}).status == 403


@pytest.mark.parametrize("path", ["/%5Flambda-emu/later", "/_lambda%2Demu/l%61ter", "/_lambda-emu/later?x"])
def test_however_a_path_is_written_it_is_the_same_page(app: Flask, path: str) -> None:
    assert ask(app, f"POST {path}").status == 403


@pytest.mark.parametrize("asked_for", [f"after={1 << 64}", f"after={-1 << 64}", "limit=-1", "after=x"])
def test_no_number_breaks_the_page_of_logs(app: Flask, logs: LogStore, asked_for: str) -> None:
    logs.wait_until_open()

    found = ask(app, f"GET {OWN}logs?function=x&{asked_for}", headers={HEADER: TOKEN})

    assert found.status == 200
    assert found.json["events"] == []


def test_a_page_of_logs_has_what_was_logged_before_it_was_asked_for(app: Flask, logs: LogStore) -> None:
    function = SCOPE.function("hello")
    origin = Origin("group", "stream", function, "1", "x86_64", 512, "Text", Level.INFO, Level.INFO)
    stream, url = LogStream(origin, logs, Clock()), f"{OWN}logs?function=hello"

    for number in range(20):
        stream.write_output(b"%d\n" % number)
        found = ask(app, f"GET {url}", headers={HEADER: TOKEN})

        assert found.json["events"][-1]["message"] == f"{number}\n"


def test_the_api_alone_has_none_of_them(tmp_path: Path) -> None:
    """So that whoever is let to the API alone finds them by no path."""
    store, clock = Store.open(tmp_path), Clock()
    app = create_app(make_context(store, clock, Activations(store, clock)))

    assert [rule.rule for rule in app.url_map.iter_rules() if rule.rule.startswith(OWN)] == []
    assert [ask(app, f"GET {path}").status for path in (*OPEN, f"{OWN}logs", "/%5Flambda-emu/health")] == [404] * 4
    store.close()
