"""Of functions whose results go on: docs/contract/invoke.md#destinations."""

from __future__ import annotations

import json
from typing import Any

from lambda_emu.arn import LATEST
from lambda_emu.destinations.events import record_middle, record_prefix
from lambda_emu.environment.invocation import Outcome
from lambda_emu.invoke.ending import EventEnd
from lambda_emu.invoke.retries import Condition
from lambda_emu.samples.sample import SampleRequest, Samples
from lambda_emu.samples.values import function_id
from lambda_emu.store import QueuedEvent

DESTINATIONS = Samples("destinations")
SAMPLES = (DESTINATIONS,)
GIVEN = '{"order": 1}'


@DESTINATIONS.add(
    "success", "The record of an asynchronous event that went well.", request=GIVEN, response='{"paid": true}'
)
def success(asked: SampleRequest) -> str:
    return _record(asked, Condition.SUCCESS, asked.json("response"))


@DESTINATIONS.add(
    "failure", "The record of one that was given up.", request=GIVEN, message="No such customer", error="KeyError"
)
def failure(asked: SampleRequest) -> str:
    said = {"errorMessage": asked["message"], "errorType": asked["error"], "requestId": asked.clock.new_id()}
    return _record(asked, Condition.RETRIES_EXHAUSTED, said)


def _record(asked: SampleRequest, condition: Condition, answer: Any) -> str:
    function, now_s = function_id(asked), asked.now_s
    given, answered = (json.dumps(one).encode() for one in (asked.json("request"), answer))
    event = QueuedEvent(asked.clock.new_id(), function, None, function.arn(), given, None, now_s, 1, now_s)
    failed = condition is not Condition.SUCCESS
    outcome = Outcome(answered, failed, executed_version=LATEST)
    nobody: Any = None  # whose settings say who is told
    end = EventEnd(event, nobody, condition, 3 if failed else 1, outcome, None)
    return f"{record_prefix(end, now_s)}{given.decode()}{record_middle(end)}{answered.decode()}}}"
