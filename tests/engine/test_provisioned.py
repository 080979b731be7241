"""Provisioned concurrency that is real: environments that are ready before anybody calls.

docs/contract/api.md#concurrency.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest
from botocore.exceptions import ClientError
from lam import Lam, Submit
from own import EITHER_ENGINE, QUICKER, own_emulator
from waiting import Eventually

from lambda_emu.clock import SteppingClock

WORKER = """
import os, time
calls = 0
def handler(event, context):
    global calls
    calls += 1
    time.sleep(event.get("sleep", 0))
    if "exit" in event: os._exit(event["exit"])
    return {"calls": calls, "stream": context.log_stream_name, "type": os.environ["AWS_LAMBDA_INITIALIZATION_TYPE"],
            "version": context.function_version}
"""
BROKEN = "raise Exception('broken')"
HANGING = "import time; time.sleep(600)\n" + WORKER
SLOW = "import time; time.sleep(3)\n" + WORKER


@pytest.fixture
def published(lam: Lam) -> Callable[..., str]:
    """A function `p` of this code, with a version 1."""

    def publish(code: str = WORKER, **config: Any) -> str:
        lam.create("p", code, **config)
        return str(lam.client.publish_version(FunctionName="p")["Version"])

    return publish


def put(lam: Lam, count: int, qualifier: str = "1") -> None:
    lam.client.put_provisioned_concurrency_config(
        FunctionName="p", Qualifier=qualifier, ProvisionedConcurrentExecutions=count
    )


def config(lam: Lam, qualifier: str = "1") -> Any:
    return lam.client.get_provisioned_concurrency_config(FunctionName="p", Qualifier=qualifier)


def ready(lam: Lam, eventually: Eventually, count: int, qualifier: str = "1") -> None:
    """Put and wait for it."""
    put(lam, count, qualifier)
    eventually(lambda: config(lam, qualifier)["Status"] == "READY", f"{count} environments to be ready")


def moved(lam: Lam, code: str) -> None:
    """Version 2 is of this code, and `live` points to it."""
    lam.update("p", code)
    lam.client.publish_version(FunctionName="p")
    lam.client.update_alias(FunctionName="p", Name="live", FunctionVersion="2")


def states(lam: Lam, version: str = "1") -> list[str]:
    return sorted(info.state for info in lam.environments("p") if info.version == version)


def init_reports(lam: Lam, stream: str) -> list[str]:
    """What the log has of an environment's init, but for how long it took."""
    logs = f"{lam.emulator.url}/_lambda-emu/logs?function=p&after=0"
    with urlopen(Request(logs, headers={"X-Lambda-Emu-Token": lam.emulator.token}), timeout=30) as answer:
        events = [event for event in json.load(answer)["events"] if event["stream"] == stream]
    return [event["message"].split("\t", 1)[1] for event in events if event["message"].startswith("INIT_REPORT")]


def test_environments_are_warm_before_the_first_invocation(
    lam: Lam, published: Callable[..., str], eventually: Eventually
) -> None:
    published()

    ready(lam, eventually, 2)
    found = states(lam)
    first = lam.invoke("p", {}, Qualifier="1")

    assert found == ["IDLE", "IDLE"]
    assert (first.payload["type"], first.payload["calls"]) == ("provisioned-concurrency", 1)
    assert first.report["init"] is None  # and so it is not billed here
    eventually(lambda: init_reports(lam, first.payload["stream"]) == ["Phase: init\t\n"], "the report of its init")
    assert config(lam)["AvailableProvisionedConcurrentExecutions"] == 2
    assert config(lam)["AllocatedProvisionedConcurrentExecutions"] == 2


@EITHER_ENGINE
def test_only_the_version_that_was_named_has_them(
    lam: Lam, published: Callable[..., str], eventually: Eventually
) -> None:
    published()

    ready(lam, eventually, 1)

    assert lam.invoke("p", {}).payload["type"] == "on-demand"
    assert states(lam, "$LATEST") == ["IDLE"]


@EITHER_ENGINE
def test_more_invocations_at_once_spill_over_to_environments_on_demand(
    lam: Lam, submit: Submit, published: Callable[..., str], eventually: Eventually
) -> None:
    published()
    ready(lam, eventually, 2)

    held = [submit("p", {"sleep": 1}, Qualifier="1") for _ in range(3)]

    types = sorted(answer.result().payload["type"] for answer in held)
    assert types == ["on-demand", "provisioned-concurrency", "provisioned-concurrency"]
    assert lam.invoke("p", {}, Qualifier="1").payload["type"] == "provisioned-concurrency"


@EITHER_ENGINE
def test_without_more_reserved_than_provisioned_nothing_spills_over(
    lam: Lam, submit: Submit, clock: SteppingClock, published: Callable[..., str], eventually: Eventually
) -> None:
    """Then $LATEST has nothing to run on either."""
    published(Timeout=60)
    lam.client.put_function_concurrency(FunctionName="p", ReservedConcurrentExecutions=1)
    ready(lam, eventually, 1)
    held = submit("p", {"sleep": 60}, Qualifier="1")
    eventually(lambda: states(lam) == ["BUSY"], "it to run")

    for qualifier in ("1", "$LATEST"):
        with pytest.raises(ClientError) as refused:
            lam.invoke("p", {}, Qualifier=qualifier)
        assert refused.value.response["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded"

    clock.advance(60)
    held.result()


@EITHER_ENGINE
def test_idle_ones_stay_while_those_on_demand_end(
    lam: Lam, submit: Submit, clock: SteppingClock, published: Callable[..., str], eventually: Eventually
) -> None:
    published()
    ready(lam, eventually, 1)
    held = submit("p", {"sleep": 1}, Qualifier="1")
    eventually(lambda: states(lam) == ["BUSY"], "it to run")
    lam.invoke("p", {}, Qualifier="1")
    held.result()
    eventually(lambda: states(lam) == ["IDLE", "IDLE"], "both to be idle")

    clock.advance(3600)

    eventually(lambda: states(lam) == ["IDLE"], "the other to end")
    assert lam.invoke("p", {}, Qualifier="1").payload["calls"] == 2


@pytest.mark.parametrize("event", [{"exit": 1}, {"sleep": 60}], ids=["exit", "timeout"])
def test_one_that_fails_is_replaced(
    lam: Lam, submit: Submit, clock: SteppingClock, published: Callable[..., str], eventually: Eventually, event: Any
) -> None:
    published()
    ready(lam, eventually, 1)

    failing = submit("p", event, Qualifier="1")
    if "sleep" in event:
        eventually(lambda: states(lam) == ["BUSY"], "it to run")
        clock.advance(10)
    assert failing.result().error == "Unhandled"

    eventually(lambda: states(lam) == ["IDLE"] and config(lam)["Status"] == "READY", "another to be ready")
    after = lam.invoke("p", {}, Qualifier="1")
    assert (after.payload["type"], after.payload["calls"]) == ("provisioned-concurrency", 1)
    assert after.report["init"] is None


@EITHER_ENGINE
def test_an_init_that_fails_makes_it_fail(lam: Lam, published: Callable[..., str], eventually: Eventually) -> None:
    published(BROKEN)

    put(lam, 2)

    eventually(lambda: config(lam)["Status"] == "FAILED", "it to fail")
    eventually(lambda: states(lam) == [], "what failed to be gone")
    found = config(lam)
    assert found["StatusReason"] == "FUNCTION_ERROR_INIT_FAILURE"
    assert found["AvailableProvisionedConcurrentExecutions"] == found["AllocatedProvisionedConcurrentExecutions"] == 0
    assert found["RequestedProvisionedConcurrentExecutions"] == 2


@EITHER_ENGINE
def test_an_init_may_last_longer_than_one_on_demand(
    lam: Lam, clock: SteppingClock, published: Callable[..., str], eventually: Eventually
) -> None:
    published(SLOW)
    put(lam, 1)
    eventually(lambda: states(lam) == ["INIT"], "its init")

    clock.advance(100)

    eventually(lambda: config(lam)["Status"] == "READY", "it to be ready")
    assert lam.invoke("p", {}, Qualifier="1").payload["calls"] == 1


@EITHER_ENGINE
def test_a_configuration_follows_its_alias(lam: Lam, published: Callable[..., str], eventually: Eventually) -> None:
    published()
    lam.client.create_alias(FunctionName="p", Name="live", FunctionVersion="1")
    ready(lam, eventually, 2, "live")
    assert (states(lam, "1"), states(lam, "2")) == (["IDLE", "IDLE"], [])
    moved(lam, WORKER + "\n")

    eventually(lambda: states(lam, "1") == [] and states(lam, "2") == ["IDLE", "IDLE"], "version 2 to have them")
    answer = lam.invoke("p:live", {}).payload
    assert (answer["version"], answer["type"]) == ("2", "provisioned-concurrency")
    assert config(lam, "live")["Status"] == "READY"


@EITHER_ENGINE
def test_an_alias_that_moves_keeps_its_old_version_until_the_new_one_is_ready(
    lam: Lam, published: Callable[..., str], eventually: Eventually
) -> None:
    """Also where all that is reserved is provisioned: nobody is throttled meanwhile."""
    published()
    lam.client.create_alias(FunctionName="p", Name="live", FunctionVersion="1")
    lam.client.put_function_concurrency(FunctionName="p", ReservedConcurrentExecutions=1)
    ready(lam, eventually, 1, "live")
    lam.client.put_function_concurrency(FunctionName="p", ReservedConcurrentExecutions=1)

    moved(lam, HANGING)
    meanwhile = [lam.invoke("p:live", {}) for _ in range(3)]

    assert config(lam, "live")["Status"] == "IN_PROGRESS"
    assert lam.client.get_alias(FunctionName="p", Name="live")["FunctionVersion"] == "2"
    for answer in meanwhile:
        assert (answer.payload["version"], answer.payload["type"]) == ("1", "provisioned-concurrency")
        assert answer.headers["x-amz-executed-version"] == "1"
    assert states(lam, "1") == ["IDLE"]


@EITHER_ENGINE
def test_an_alias_moves_to_a_version_that_fails_to_initialise_and_says_so(
    lam: Lam, published: Callable[..., str], eventually: Eventually
) -> None:
    published()
    lam.client.create_alias(FunctionName="p", Name="live", FunctionVersion="1")
    ready(lam, eventually, 1, "live")

    moved(lam, BROKEN)

    eventually(lambda: config(lam, "live")["Status"] == "FAILED", "it to fail")
    eventually(lambda: states(lam, "1") == [], "the old version to let go")
    assert lam.invoke("p:live", {}).headers["x-amz-executed-version"] == "2"


@pytest.mark.parametrize("what", ["back", "configuration", "version"])
@EITHER_ENGINE
def test_whatever_ends_the_wait_for_a_new_version_ends_it_whole(
    lam: Lam, published: Callable[..., str], eventually: Eventually, what: str
) -> None:
    published()
    lam.client.create_alias(FunctionName="p", Name="live", FunctionVersion="1")
    ready(lam, eventually, 1, "live")
    moved(lam, HANGING)

    if what == "back":
        lam.client.update_alias(FunctionName="p", Name="live", FunctionVersion="1")
        eventually(lambda: states(lam, "2") == [], "the new version to let go")
        assert config(lam, "live")["Status"] == "READY"
    elif what == "configuration":
        lam.client.delete_provisioned_concurrency_config(FunctionName="p", Qualifier="live")
        eventually(lambda: states(lam, "1") == states(lam, "2") == [], "both to let go")
    else:
        lam.client.delete_function(FunctionName="p", Qualifier="1")
        eventually(lambda: states(lam, "1") == [], "the old version to let go")
        assert config(lam, "live")["Status"] == "IN_PROGRESS"


@EITHER_ENGINE
def test_fewer_let_the_rest_go_and_none_all_of_them(
    lam: Lam, submit: Submit, published: Callable[..., str], eventually: Eventually
) -> None:
    """What runs finishes first."""
    published()
    ready(lam, eventually, 3)

    put(lam, 1)
    eventually(lambda: states(lam) == ["IDLE"], "one to be left")
    running = submit("p", {"sleep": 1}, Qualifier="1")
    eventually(lambda: states(lam) == ["BUSY"], "it to run")
    lam.client.delete_provisioned_concurrency_config(FunctionName="p", Qualifier="1")

    assert running.result().error is None
    eventually(lambda: states(lam) == [], "all of them to end")
    with pytest.raises(lam.client.exceptions.ProvisionedConcurrencyConfigNotFoundException):
        config(lam)


@pytest.mark.parametrize("what", ["alias", "function"])
@EITHER_ENGINE
def test_they_go_with_what_they_were_for(
    lam: Lam, published: Callable[..., str], eventually: Eventually, what: str
) -> None:
    published()
    lam.client.create_alias(FunctionName="p", Name="live", FunctionVersion="1")
    ready(lam, eventually, 1, "live")

    if what == "alias":
        lam.client.delete_alias(FunctionName="p", Name="live")
    else:
        lam.client.delete_function(FunctionName="p")

    eventually(lambda: states(lam) == [], "it to end")


@pytest.mark.parametrize("engine", QUICKER)
def test_they_are_there_again_after_a_restart(engine: str, tmp_path: Path, eventually: Eventually) -> None:
    with own_emulator(tmp_path, engine) as first:
        first.create("p", WORKER)
        first.client.publish_version(FunctionName="p")
        ready(first, eventually, 1)

    with own_emulator(tmp_path, engine) as lam:
        eventually(lambda: config(lam)["Status"] == "READY", "it to be ready again")
        assert lam.invoke("p", {}, Qualifier="1").payload["type"] == "provisioned-concurrency"
