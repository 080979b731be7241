"""An account that is full, and an engine that cannot start anything: what callers hear.

docs/contract/invoke.md#throttling.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from botocore.exceptions import ClientError
from lam import Lam
from own import QUICKER, SLEEPER, OwnLam, own_emulator
from waiting import Eventually


@pytest.fixture(params=QUICKER)
def small(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[OwnLam]:
    """An emulator of its own: 3 invocations at once, no stems."""
    with own_emulator(tmp_path, request.param, account_concurrency=3, stems=0) as lam:
        yield lam


def refusal(lam: Lam, name: str) -> tuple[str, str | None]:
    """Code and Reason of the error that Invoke is answered with."""
    with pytest.raises(ClientError) as refused:
        lam.invoke(name, {})
    return refused.value.response["Error"]["Code"], refused.value.response.get("Reason")


def test_functions_share_what_the_account_has_left_unreserved(small: OwnLam, eventually: Eventually) -> None:
    for name in ("one", "other", "favoured"):
        small.create(name, SLEEPER, Timeout=60)
    small.client.put_function_concurrency(FunctionName="favoured", ReservedConcurrentExecutions=1)

    with ThreadPoolExecutor() as threads:
        held = [threads.submit(small.invoke, name, {"sleep": 60}) for name in ("one", "other")]
        eventually(lambda: [info.state for info in small.describe()].count("BUSY") == 2, "both to run")

        assert refusal(small, "one") == ("TooManyRequestsException", "ConcurrentInvocationLimitExceeded")
        assert small.invoke("favoured", {}).payload == "done"

        small.clock.advance(60)
        assert {answer.result().error for answer in held} == {"Unhandled"}
    assert small.invoke("one", {}).payload == "done"


def test_each_account_has_concurrency_of_its_own(small: OwnLam, eventually: Eventually) -> None:
    other = Lam(small.emulator, access_key="210987654321")
    for lam in (small, other):
        lam.create("same", SLEEPER, Timeout=60)

    with ThreadPoolExecutor() as threads:
        held = [threads.submit(small.invoke, "same", {"sleep": 60}) for _ in range(3)]
        eventually(lambda: [info.state for info in small.describe()].count("BUSY") == 3, "all to run")

        assert refusal(small, "same") == ("TooManyRequestsException", "ConcurrentInvocationLimitExceeded")
        assert other.invoke("same", {}).payload == "done"

        small.clock.advance(60)
        assert {answer.result().error for answer in held} == {"Unhandled"}


def test_who_waits_is_told_when_no_environment_can_be_started(small: OwnLam) -> None:
    small.create("sleeper", SLEEPER)
    run_dir = small.emulator.settings.data_dir / "run"
    away = run_dir.rename(run_dir.with_name("away"))
    run_dir.touch()  # the engine can put no environment here

    with ThreadPoolExecutor() as threads:
        refused = [threads.submit(refusal, small, "sleeper") for _ in range(3)]
        assert {answer.result() for answer in refused} == {("ServiceException", None)}

    run_dir.unlink()
    away.rename(run_dir)
    assert small.invoke("sleeper", {}).payload == "done"
    assert [info.state for info in small.describe()] == ["IDLE"]
