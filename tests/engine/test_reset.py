"""POST /_lambda-emu/reset: every account is empty, and nothing of it runs on."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
from lam import ROLE, client, zipped
from own import ENGINES, QUICKER, OwnLam, own_emulator
from waiting import Eventually

ANSWERS = "def handler(event, context): return 1"
SLEEPS = "import time\ndef handler(event, context): time.sleep(60)"


@pytest.fixture(params=QUICKER)
def lam(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[OwnLam]:
    """An emulator of one's own whose project declares `declared`."""
    project = tmp_path / "project"
    project.mkdir()
    (project / "app.py").write_text(ANSWERS)
    declared = "functions: {declared: {runtime: python3.11, handler: app.handler, code: .}}"
    (project / "lambda-emu.yaml").write_text(declared)
    with own_emulator(project, request.param) as lam:
        yield lam


def reset(lam: OwnLam) -> None:
    token = {"X-Lambda-Emu-Token": lam.emulator.token}
    with urlopen(Request(f"{lam.emulator.url}/_lambda-emu/reset", headers=token, method="POST"), timeout=30) as answer:
        assert json.load(answer) == {"status": "ok"}


def test_every_account_is_as_after_a_first_start(lam: OwnLam) -> None:
    lam.create("made", ANSWERS)
    lam.client.publish_version(FunctionName="declared")
    other = client(lam.url, "210987654321", "eu-west-1")
    other.create_function(
        FunctionName="theirs",
        Runtime="python3.11",
        Handler="app.handler",
        Role=ROLE.replace("000000000000", "210987654321"),
        Code={"ZipFile": zipped({"app.py": ANSWERS})},
    )

    reset(lam)

    assert [function["FunctionName"] for function in lam.client.list_functions()["Functions"]] == ["declared"]
    assert len(lam.client.list_versions_by_function(FunctionName="declared")["Versions"]) == 1
    assert other.list_functions()["Functions"] == []
    assert lam.invoke("declared").payload == 1


@pytest.mark.parametrize("lam", ENGINES, indirect=True)
def test_what_runs_is_ended_and_its_caller_told(lam: OwnLam, eventually: Eventually) -> None:
    lam.create("sleeper", SLEEPS, Timeout=90)
    failed: list[BaseException] = []

    def invoke() -> None:
        try:
            lam.invoke("sleeper", {})
        except lam.client.exceptions.ServiceException as error:
            failed.append(error)

    caller = threading.Thread(target=invoke)
    caller.start()
    eventually(lambda: [one.state for one in lam.environments("sleeper")] == ["BUSY"], "it to run")

    reset(lam)

    caller.join(timeout=20)
    assert len(failed) == 1
    assert lam.environments("sleeper") == []


def test_events_that_wait_are_forgotten(lam: OwnLam) -> None:
    lam.create("sleeper", SLEEPS, Timeout=90)
    lam.client.put_function_concurrency(FunctionName="sleeper", ReservedConcurrentExecutions=1)
    for _ in range(3):
        lam.invoke("sleeper", {}, InvocationType="Event", LogType="None")

    reset(lam)
    lam.create("sleeper", ANSWERS)

    assert lam.emulator.store.queue.find_unsettled() == []


def test_a_change_before_it_does_not_stand_in_the_way_of_one_after_it(lam: OwnLam) -> None:
    lam.client.update_function_configuration(FunctionName="declared", Timeout=9)

    reset(lam)

    assert lam.client.update_function_configuration(FunctionName="declared", Timeout=7)["Timeout"] == 7


def test_it_is_asked_for_by_post_alone(lam: OwnLam) -> None:
    lam.create("made", ANSWERS)

    with pytest.raises(OSError, match="HTTP Error 404"):
        urlopen(f"{lam.emulator.url}/_lambda-emu/reset", timeout=30)
