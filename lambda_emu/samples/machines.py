"""Of state machines: what Task states give, which is what their definitions say. docs/services.md#step-functions."""

from __future__ import annotations

from typing import Any

from lambda_emu.samples.sample import SampleRequest, Samples

MACHINES = Samples("stepfunctions")
SAMPLES = (MACHINES,)
INPUT = '{"order": 1}'


@MACHINES.add("task", "The input of a Task state, as it is given to its function.", input=INPUT)
def task(asked: SampleRequest) -> Any:
    return asked.json("input")


@MACHINES.add(
    "callback", "With the token that is waited for: Payload: {input.$: $, taskToken.$: $$.Task.Token}.", input=INPUT
)
def callback(asked: SampleRequest) -> dict[str, Any]:
    return {"input": asked.json("input"), "taskToken": f"AQCEAAAAKgAAAAMAAAAA{asked.clock.new_token()}"}


@MACHINES.add(
    "batch", "A batch of a Map state with an ItemBatcher.", items='[{"order": 1}, {"order": 2}]', batch_input="{}"
)
def batch(asked: SampleRequest) -> dict[str, Any]:
    items, given = asked.json("items"), asked.object("batch-input")
    return ({"BatchInput": given} if given else {}) | {"Items": items}
