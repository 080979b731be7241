"""The example of schedules, as its README runs it: what is declared comes by itself, and so does each reminder."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from boto_rig import client_at
from example_rig import Example, served_example
from own import QUICKER
from waiting import Eventually

SAYS = re.compile(r"(?:^\$ (?!lambda-emu serve).*\n)+", re.MULTILINE)
"""Blocks of what the README tells to type beside the server."""


class Cron(Example):
    def post(self, body: bytes) -> Any:
        with urlopen(Request(f"{self.url}reminders", body), timeout=60) as answer:
            return json.load(answer)

    def logged(self, function: str) -> str:
        return str(json.loads(self.lam.page(f"logs?function={function}&after=0"))["events"])


@pytest.fixture(scope="module", params=QUICKER)
def cron(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cron]:
    with served_example(Cron, "cron", tmp_path_factory.mktemp("cron"), request.param) as cron:
        yield cron


def test_a_schedule_that_is_declared_comes_by_itself(cron: Cron, eventually: Eventually) -> None:
    assert eventually(lambda: "there is fresh coffee" in cron.logged("breakfast"), "the coffee")

    scheduler = client_at(cron.lam.url, "scheduler")
    found = scheduler.list_schedules(GroupName="lambda-emu")["Schedules"]
    of = [scheduler.get_schedule(GroupName="lambda-emu", Name=one["Name"]) for one in found]
    assert {(one["ScheduleExpression"], one["ScheduleExpressionTimezone"]) for one in of} == {
        ("rate(1 hour)", "UTC"),
        ("cron(0 9 ? * MON-FRI *)", "Europe/Berlin"),
    }


def test_a_reminder_comes_when_it_is_due_and_is_gone_then(cron: Cron, eventually: Eventually) -> None:
    soon, later = (cron.post(f'{{"text": "call Ada", "in_s": {in_s}}}'.encode()) for in_s in (2, 3600))

    assert eventually(lambda: f"{soon['at']}: call Ada" in cron.logged("notify"), "the reminder")
    with urlopen(f"{cron.url}reminders", timeout=60) as answer:
        left = json.load(answer)
    assert (later["name"] in left, soon["name"] in left) == (True, False)


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b'{"text": "x", "in_s": "soon"}', b'{"text": "x", "in_s": 0}'])
def test_what_is_no_reminder_is_refused(cron: Cron, body: bytes) -> None:
    with pytest.raises(HTTPError, match="400"):
        cron.post(body or b" ")


def test_what_the_readme_tells_to_type_shows_what_it_says(cron: Cron, aws_cli: Path) -> None:
    blocks = [re.sub(r"^\$ ", "", block, flags=re.MULTILINE) for block in SAYS.findall(cron.readme())]

    shown = cron.type(blocks, aws_cli.parent)

    assert len(blocks) == 3
    week = shown.rpartition("schedule/lambda-emu/")[2]
    assert (week.count("breakfast is ready"), week.count("there is fresh coffee") >= 168) == (5, True)
    for said in ("Z: call Ada", "there is fresh coffee", "schedule/lambda-emu/breakfast-"):
        assert said in shown
