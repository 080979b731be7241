"""Durable functions as resources: DurableConfig, and executions that are never found.

docs/contract/api.md#configuration, #operations.
"""

from __future__ import annotations

import base64
from typing import Any

import pytest
from api_rig import ARN, Api, refused, shown, zipped

from lambda_emu.errors.base import LambdaError
from lambda_emu.errors.service import NotBuiltYet
from lambda_emu.model.function.durable import (
    Durability,
    DurableNameRefused,
    DurableNeedsQualifier,
    DurableOnlyFromCreation,
    check_built,
    check_invocation,
    update_durability,
)

EXECUTION = f"{ARN}f:1/durable-execution/name/0a1b2c"
KEY = "arn:aws:kms:us-east-1:123456789012:key/k"
TOKEN = base64.b64encode(b"token").decode()
NO_EXECUTION = ("ResourceNotFoundException", "Durable Execution does not exist")
NO_TOKEN = ("InvalidParameterValueException", "Invalid checkpoint token")
NO_CALLBACK = ("InvalidParameterValueException", "Invalid callback id")
DURABLE = Durability(60)


@pytest.mark.parametrize(
    ("wanted", "after"),
    [
        ({}, Durability(60, 14, KEY)),
        ({"ExecutionTimeout": 90}, Durability(90, 14, KEY)),
        ({"RetentionPeriodInDays": 1}, Durability(60, 1, KEY)),
        ({"KMSKeyArn": ""}, Durability(60, 14)),
    ],
)
def test_an_update_leaves_what_it_does_not_name(wanted: dict[str, Any], after: Durability) -> None:
    assert update_durability(Durability(60, kms_key_arn=KEY), wanted) == after


def test_a_function_becomes_durable_at_creation_only() -> None:
    with pytest.raises(DurableOnlyFromCreation):
        update_durability(None, {"ExecutionTimeout": 60})


@pytest.mark.parametrize(
    ("durability", "qualifier", "name"),
    [(None, None, None), (None, "1", None), (DURABLE, "$LATEST", None), (DURABLE, "1", "name"), (DURABLE, "live", "n")],
)
def test_a_durable_function_is_invoked_by_a_qualifier_and_may_name_the_execution(
    durability: Durability | None, qualifier: str | None, name: str | None
) -> None:
    check_invocation(durability, qualifier, name)


@pytest.mark.parametrize(
    ("durability", "qualifier", "name", "error"),
    [
        (DURABLE, None, None, DurableNeedsQualifier),
        (DURABLE, None, "name", DurableNeedsQualifier),
        (None, None, "name", DurableNameRefused),
        (None, "1", "name", DurableNameRefused),
    ],
)
def test_other_invocations_are_refused(
    durability: Durability | None, qualifier: str | None, name: str | None, error: type[LambdaError]
) -> None:
    with pytest.raises(error):
        check_invocation(durability, qualifier, name)


def test_nothing_runs_durably_yet() -> None:
    check_built(None)

    with pytest.raises(NotBuiltYet, match="execution of durable functions is not built"):
        check_built(DURABLE)


def test_the_configuration_is_shown_with_its_defaults(api: Api) -> None:
    created = api.created("f", DurableConfig={"ExecutionTimeout": 60})

    assert created["DurableConfig"] == {"ExecutionTimeout": 60, "RetentionPeriodInDays": 14}
    assert api.client.list_functions()["Functions"][0]["DurableConfig"] == created["DurableConfig"]
    assert "DurableConfig" not in api.created("plain")


def test_the_configuration_can_be_changed_and_outlives_other_updates(api: Api) -> None:
    api.created("f", DurableConfig={"ExecutionTimeout": 60, "KMSKeyArn": KEY})

    api.client.update_function_configuration(FunctionName="f", DurableConfig={"RetentionPeriodInDays": 90})
    api.activations.finish()
    api.client.update_function_code(FunctionName="f", ZipFile=zipped({"app.py": "new = 1"}))

    found = api.client.get_function_configuration(FunctionName="f")["DurableConfig"]
    assert found == {"ExecutionTimeout": 60, "RetentionPeriodInDays": 90, "KMSKeyArn": KEY}


def test_what_is_missing_or_too_late_is_refused(api: Api) -> None:
    api.created("plain")

    with refused("InvalidParameterValueException", "ExecutionTimeout is required in DurableConfig."):
        api.create("f", DurableConfig={})
    with refused("InvalidParameterValueException", "DurableConfig can only be enabled when the function is created."):
        api.client.update_function_configuration(FunctionName="plain", DurableConfig={"ExecutionTimeout": 60})


def test_numbers_have_the_models_limits(api: Api) -> None:
    wanted = {"DurableConfig": {"ExecutionTimeout": 0, "RetentionPeriodInDays": 91}}

    reply = api.send("PUT /2015-03-31/functions/f/configuration", wanted)

    assert reply.json["message"] == (
        "2 validation errors detected: Value '91' at 'durableConfig.retentionPeriodInDays' failed to satisfy "
        "constraint: Member must have value less than or equal to 90; Value '0' at 'durableConfig.executionTimeout' "
        "failed to satisfy constraint: Member must have value greater than or equal to 1"
    )


def test_an_execution_that_nobody_started_is_not_there(api: Api) -> None:
    with refused(*NO_EXECUTION):
        api.client.get_durable_execution(DurableExecutionArn=EXECUTION, IncludeExecutionData=False)
    with refused(*NO_EXECUTION):
        api.client.get_durable_execution_history(DurableExecutionArn=EXECUTION, MaxItems=0)
    with refused(*NO_EXECUTION):
        api.client.stop_durable_execution(DurableExecutionArn=EXECUTION, Error={"ErrorType": "x"})
    with refused(*NO_EXECUTION):
        api.client.pause_durable_execution(DurableExecutionArn=EXECUTION, Reason="x")
    with refused(*NO_EXECUTION):
        api.client.resume_durable_execution(DurableExecutionArn=EXECUTION)
    with refused(*NO_EXECUTION):
        api.client.delete_durable_execution(DurableExecutionArn=EXECUTION)


def test_a_token_of_no_execution_is_a_wrong_one(api: Api) -> None:
    with refused(*NO_TOKEN):
        api.client.get_durable_execution_state(DurableExecutionArn=EXECUTION, CheckpointToken=TOKEN)
    with refused(*NO_TOKEN):
        api.client.checkpoint_durable_execution(
            DurableExecutionArn=EXECUTION,
            CheckpointToken=TOKEN,
            Updates=[{"Id": "1", "Type": "STEP", "Action": "START"}],
        )


def test_a_callback_that_nobody_waits_for_is_invalid(api: Api) -> None:
    with refused(*NO_CALLBACK):
        api.client.send_durable_execution_callback_success(CallbackId=TOKEN, Result=b"1")
    with refused(*NO_CALLBACK):
        api.client.send_durable_execution_callback_failure(CallbackId=TOKEN, Error={"ErrorMessage": "x"})
    with refused(*NO_CALLBACK):
        api.client.send_durable_execution_callback_heartbeat(CallbackId=TOKEN)


@pytest.mark.parametrize(
    ("request_line", "says"),
    [
        (f"GET /2025-12-01/durable-executions/{ARN}f", f"Value '{ARN}f' at 'durableExecutionArn'"),
        (f"GET /2025-12-01/durable-executions/{EXECUTION}/state", "Value null at 'checkpointToken'"),
        (f"GET /2025-12-01/durable-executions/{EXECUTION}/history?MaxItems=1001", "Value '1001' at 'maxItems'"),
        ("POST /2025-12-01/durable-execution-callbacks/no!/heartbeat", "Value 'no!' at 'callbackId'"),
        ("GET /2025-12-01/functions/f/durable-executions?Statuses=DONE", "Value '[DONE]' at 'statuses'"),
        ("GET /2025-12-01/functions/f/durable-executions?DurableExecutionName=a.b", "Value 'a.b' at"),
    ],
)
def test_constraints_come_before_anything_is_looked_up(api: Api, request_line: str, says: str) -> None:
    reply = api.send(request_line)

    assert (reply.status, reply.headers["x-amzn-errortype"]) == (400, "ValidationException")
    assert reply.json["message"].startswith(f"1 validation error detected: {says}")


def test_a_function_has_no_executions(api: Api) -> None:
    api.created("f")

    all_of_them = api.client.list_durable_executions_by_function(FunctionName="f")
    some = api.client.list_durable_executions_by_function(
        FunctionName="f",
        Qualifier="$LATEST",
        Statuses=["RUNNING", "FAILED"],
        StartedAfter="2026-01-01T00:00:00Z",
        ReverseOrder=True,
    )

    assert shown(all_of_them) == shown(some) == {"DurableExecutions": []}


@pytest.mark.parametrize(("name", "named"), [("nope", "nope"), ("f:7", "f:7")])
def test_executions_of_what_is_not_there_cannot_be_listed(api: Api, name: str, named: str) -> None:
    api.created("f")

    with refused("ResourceNotFoundException", f"Function not found: {ARN}{named}"):
        api.client.list_durable_executions_by_function(FunctionName=name)
