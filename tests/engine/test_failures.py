"""Functions that fail by themselves: what the caller is told, and that nobody else notices.

docs/contract/invoke.md#function-errors.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from lam import Lam, Submit
from own import EITHER_ENGINE

from lambda_emu.clock import SteppingClock

TROUBLE = """
import os, signal, sys, time
calls = 0
def handler(event, context):
    global calls
    calls += 1
    if "exit" in event: os._exit(event["exit"])
    if "signal" in event: os.kill(os.getpid(), event["signal"])
    if "sleep" in event: time.sleep(event["sleep"])
    if "write" in event: open(event["write"], "w").write("kept")
    if "big" in event: return "x" * event["big"]
    if "close" in event:
        os.close(1); os.close(2)
    if "killall" in event: os.kill(-1, signal.SIGKILL)
    if "print" in event:
        for _ in range(event["print"]): sys.stdout.write("y" * 1_000_000)
    found = event.get("read") and os.path.exists(event["read"])
    return {"calls": calls, "found": found}
"""


@pytest.mark.parametrize(
    ("event", "error_type", "text"),
    [
        ({"exit": 3}, "Runtime.ExitError", "Runtime exited with error: exit status 3"),
        ({"exit": 0}, "Runtime.ExitError", "Runtime exited without providing a reason"),
        ({"signal": 9}, "Runtime.ExitError", "Runtime exited with error: signal: killed"),
        ({"signal": 11}, "Runtime.ExitError", "Runtime exited with error: signal: segmentation fault"),
        ({"killall": 1}, "Runtime.ExitError", "Runtime exited with error: signal: killed"),
    ],
)
def test_a_runtime_that_ends_is_named_with_how_it_ended(lam: Lam, event: Any, error_type: str, text: str) -> None:
    lam.create("trouble", TROUBLE)
    if "killall" in event:
        event = {"signal": 9}  # kill(-1) spares its caller; init, as PID 1, survives it either way

    answer = lam.invoke("trouble", event)

    assert (answer.status, answer.error) == (200, "Unhandled")
    assert answer.payload == {
        "errorType": error_type,
        "errorMessage": f"RequestId: {answer.request_id} Error: {text}",
    }
    assert (answer.report["status"], answer.report["error"]) == ("error", error_type)


def test_killing_all_it_can_reach_harms_only_itself(lam: Lam) -> None:
    lam.create("trouble", TROUBLE)
    lam.create("bystander", TROUBLE)
    lam.invoke("bystander", {})

    lam.invoke("trouble", {"killall": 1})

    assert lam.invoke("bystander", {}).payload["calls"] == 2
    assert lam.invoke("trouble", {}).error is None


def test_tmp_survives_a_crash_but_globals_do_not(lam: Lam) -> None:
    lam.create("trouble", TROUBLE)
    lam.invoke("trouble", {"write": "/tmp/x"})

    lam.invoke("trouble", {"exit": 1})

    after = lam.invoke("trouble", {"read": "/tmp/x"})
    assert after.payload == {"found": True, "calls": 1}
    assert after.report["init"] is None
    assert len(lam.environments("trouble")) == 1


POISONED = """
import os
if os.path.exists("/tmp/poison"): os._exit(9)
def handler(event, context):
    if event == "poison": open("/tmp/poison", "w").close()
    if event == "exit": os._exit(1)
    return "well"
"""


def test_an_environment_that_cannot_recover_is_replaced(lam: Lam) -> None:
    """Its /tmp is kept through one failure, as on Lambda, not through one more before it has answered again."""
    lam.create("poisoned", POISONED)
    lam.invoke("poisoned", "poison")
    [first] = lam.environments("poisoned")

    crashed = lam.invoke("poisoned", "exit")
    again = lam.invoke("poisoned", "nothing")
    after = lam.invoke("poisoned", "nothing")

    assert [answer.payload["errorType"] for answer in (crashed, again)] == ["Runtime.ExitError"] * 2
    assert after.payload == "well"
    [other] = lam.environments("poisoned")
    assert other.id != first.id


def test_a_timeout_is_answered_on_time_and_leaves_tmp(lam: Lam) -> None:
    lam.create("trouble", TROUBLE, Timeout=1)
    lam.invoke("trouble", {"write": "/tmp/x"})

    answer = lam.invoke("trouble", {"sleep": 60})

    text = f"RequestId: {answer.request_id} Error: Task timed out after 1.00 seconds"
    assert answer.payload == {"errorType": "Sandbox.Timedout", "errorMessage": text}
    assert (answer.error, answer.report["status"], answer.report["error"]) == ("Unhandled", "timeout", None)
    assert 1000 <= float(str(answer.report["duration"])) < 1500
    assert lam.invoke("trouble", {"read": "/tmp/x"}).payload == {"found": True, "calls": 1}


@pytest.mark.parametrize(("size", "error"), [(6_291_554, None), (6_291_555, "Unhandled")])
def test_an_answer_may_have_6_mb_and_100_bytes(lam: Lam, size: int, error: str | None) -> None:
    lam.create("trouble", TROUBLE, MemorySize=512)

    answer = lam.invoke("trouble", {"big": size})

    assert answer.error == error
    if error:
        assert answer.payload == {
            "errorMessage": "Response payload size exceeded maximum allowed payload size (6291556 bytes).",
            "errorType": "Function.ResponseSizeTooLarge",
        }
    assert lam.invoke("trouble", {}).error is None


def test_a_function_that_closes_its_output_still_answers(lam: Lam) -> None:
    lam.create("trouble", TROUBLE)

    assert lam.invoke("trouble", {"close": 1}).payload["calls"] == 1
    assert lam.invoke("trouble", {}).error is None


def test_a_flood_of_output_is_only_slow(lam: Lam) -> None:
    lam.create("trouble", TROUBLE, MemorySize=1769, Timeout=60)
    lam.create("bystander", TROUBLE)

    answer = lam.invoke("trouble", {"print": 300})

    assert answer.error is None
    assert len(answer.tail) == 4096
    assert lam.invoke("bystander", {}).error is None


@pytest.mark.parametrize(
    ("source", "handler", "error_type", "text"),
    [
        ("def handler(e, c): pass", "app.missing", "Runtime.HandlerNotFound",
         "Handler 'missing' missing on module 'app'"),
        ("def handler(e, c): pass", "nowhere.handler", "Runtime.ImportModuleError",
         "Unable to import module 'nowhere': No module named 'nowhere'"),
        ("import nothing_like_it", "app.handler", "Runtime.ImportModuleError",
         "Unable to import module 'app': No module named 'nothing_like_it'"),
        ("def handler(e, c) pass", "app.handler", "Runtime.UserCodeSyntaxError", "Syntax error in module 'app': "),
        ("raise KeyError('at import')", "app.handler", "KeyError", "'at import'"),
        ("import os; os._exit(7)", "app.handler", "Runtime.ExitError", "Runtime exited with error: exit status 7"),
    ],
)  # fmt: skip
@EITHER_ENGINE
def test_code_that_cannot_be_loaded_says_why(lam: Lam, source: str, handler: str, error_type: str, text: str) -> None:
    lam.create("broken", source, Handler=handler)

    for _ in range(2):
        answer = lam.invoke("broken")

        assert (answer.status, answer.error) == (200, "Unhandled")
        assert answer.payload["errorType"] == error_type
        assert text in answer.payload["errorMessage"]


def test_an_init_that_hangs_is_repeated_in_the_invocation_under_its_timeout(
    lam: Lam, submit: Submit, clock: SteppingClock, eventually: Callable[[Callable[[], Any], str], Any]
) -> None:
    lam.create("hanger", "import time; time.sleep(3600)", Timeout=1)
    asked = submit("hanger")
    eventually(lambda: [e for e in lam.environments("hanger") if e.state == "INIT"], "the init phase")

    clock.advance(10)

    answer = asked.result(timeout=20)
    assert answer.payload["errorType"] == "Sandbox.Timedout"
    assert answer.payload["errorMessage"].endswith("Task timed out after 1.00 seconds")


def test_an_init_that_fails_once_is_repeated_and_serves(lam: Lam) -> None:
    source = (
        "import os\nif not os.path.exists('/tmp/second'):\n"
        "    open('/tmp/second', 'w').close()\n    raise RuntimeError('first')\n"
        "def handler(event, context): return 'served'\n"
    )
    lam.create("second", source)

    answer = lam.invoke("second")

    assert (answer.payload, answer.error) == ("served", None)
    assert answer.report["init"] is None  # a repeated init is part of the duration
