"""Large bodies of REST APIs, mapped and checked by a helper process."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from lambda_emu.triggers.rest_apis.mapping import apart as room
from lambda_emu.triggers.rest_apis.mapping.answers import AnswerMapping, map_answer
from lambda_emu.triggers.rest_apis.mapping.apart import HelperLost, apart
from lambda_emu.triggers.rest_apis.mapping.method_request import MethodRequest
from lambda_emu.triggers.rest_apis.mapping.refusals import (
    BodyInvalid,
    BodyUnreadable,
    MappingFailed,
    MappingLate,
    MappingRefused,
    ParametersMissing,
)
from lambda_emu.triggers.rest_apis.mapping.requests import RequestMapping, map_request
from lambda_emu.triggers.rest_apis.mapping.validation import Validator, check_request

JSON = "application/json"
NUMBERS = b"[" + b"1," * 4_900_000 + b"1]"
"""10 MB that take long to be read."""
MODELS: Mapping[str, Any] = {"Texts": {"type": "array", "items": {"type": "string"}}}


def test_what_is_made_apart_is_the_same() -> None:
    asked = MethodRequest(
        (("a", "b"),), {"q": ["1", "2"]}, {"id": "7"}, b'{"a": {"b": "\xc3\xa9"}}', {"stage": "dev"}, {"v": "w"}
    )
    request = RequestMapping({JSON: "$input.json('$.a') $context.stage $input.params('id')"})
    answer = AnswerMapping(201, "", {JSON: "#set($context.responseOverride.status = 202)$input.path('$.a.b')"})

    assert apart(map_request, request, asked) == map_request(request, asked)
    assert apart(map_answer, answer, (), asked.body, asked) == map_answer(answer, (), asked.body, asked)
    assert apart(check_request, Validator(), {}, asked) is None


@pytest.mark.parametrize(
    ("kind", "validator", "template"),
    [
        (BodyUnreadable, None, "$input.path('$')"),
        (MappingFailed, None, "#if("),
        (ParametersMissing, Validator(("method.request.header.x",)), ""),
        (BodyInvalid, Validator(models={JSON: "Texts"}), ""),
    ],
)
def test_a_refusal_is_the_same(kind: type[MappingRefused], validator: Validator | None, template: str) -> None:
    asked = MethodRequest(body=b"[1, " if validator is None else b"[1]")
    given: tuple[Any, ...] = (map_request, RequestMapping({JSON: template}), asked)
    if validator is not None:
        given = (check_request, validator, MODELS, asked)

    with pytest.raises(kind) as here:
        given[0](*given[1:])
    with pytest.raises(kind) as there:
        apart(*given)

    assert type(there.value) is type(here.value)
    assert vars(there.value) == vars(here.value)


def test_one_that_was_killed_is_begun_once_more(tmp_path: Path) -> None:
    assert apart(killed_once, str(tmp_path / "flag")) == "done"


def test_what_the_machine_cannot_do_is_no_fault_of_the_api(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of it is a 500: a helper that dies each time, none that can be started, and no time for it."""
    with pytest.raises(HelperLost) as ended:
        apart(os._exit, 3)
    assert "3" in (ended.value.text or "")
    monkeypatch.setattr(room, "LIMIT_S", 0.5)
    with pytest.raises(MappingLate) as late:
        apart(time.sleep, 30)
    assert "more than 0.5 s" in (late.value.details or "")
    monkeypatch.setattr(sys, "executable", "/nowhere")
    with pytest.raises(HelperLost):
        apart(time.sleep, 0)


def killed_once(flag: str) -> str:
    if not Path(flag).exists():
        Path(flag).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return "done"


def test_reading_ten_megabytes_holds_nobody_up() -> None:
    mapping, asked = RequestMapping({JSON: "$input.path('$[0]')"}), MethodRequest(body=NUMBERS)

    held_here_s = longest_pause_s(map_request, mapping, asked)
    held_apart_s = longest_pause_s(apart, map_request, mapping, asked)

    print(f"held {held_here_s * 1000:.0f} ms here, {held_apart_s * 1000:.0f} ms apart")
    assert held_apart_s < held_here_s / 3


def longest_pause_s(make: Any, *given: Any) -> float:
    """That another thread had to make meanwhile."""
    done, longest_s = threading.Event(), 0.0

    def look() -> None:
        nonlocal longest_s
        while not done.is_set():
            began_s = time.monotonic()
            time.sleep(0.001)
            longest_s = max(longest_s, time.monotonic() - began_s)

    looking = threading.Thread(target=look)
    looking.start()
    make(*given)
    done.set()
    looking.join()
    return longest_s
