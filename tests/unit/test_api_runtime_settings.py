"""Recursion and runtime management, as boto3 sees them.

docs/contract/api.md#runtime-management-and-recursion. Refusals: test_api_per_qualifier.py.
"""

from __future__ import annotations

from typing import Any

import pytest
from api_rig import ARN, Api, refused, shown

RUNTIME = f"arn:aws:lambda:us-east-1::runtime:{'0' * 64}"


@pytest.fixture
def f(api: Api) -> Api:
    """A function f with version 1."""
    api.created("f")
    api.client.publish_version(FunctionName="f")
    return api


def test_recursion_is_ended_unless_it_is_allowed(f: Api) -> None:
    before = shown(f.client.get_function_recursion_config(FunctionName="f"))

    put = shown(f.client.put_function_recursion_config(FunctionName=f"{ARN}f", RecursiveLoop="Allow"))

    assert before == {"RecursiveLoop": "Terminate"}
    assert put == shown(f.client.get_function_recursion_config(FunctionName="f")) == {"RecursiveLoop": "Allow"}


def test_a_runtime_is_updated_by_aws_unless_something_else_was_said(f: Api) -> None:
    assert management(f) == {"UpdateRuntimeOn": "Auto", "FunctionArn": f"{ARN}f"}


@pytest.mark.parametrize(
    ("wanted", "version"),
    [
        ({"UpdateRuntimeOn": "FunctionUpdate"}, {}),
        ({"UpdateRuntimeOn": "Manual", "RuntimeVersionArn": RUNTIME}, {"RuntimeVersionArn": RUNTIME}),
        ({"UpdateRuntimeOn": "Auto", "RuntimeVersionArn": RUNTIME}, {}),
    ],
)
def test_what_was_put_is_shown_with_a_version_if_it_is_manual(
    f: Api, wanted: dict[str, Any], version: dict[str, str]
) -> None:
    put = shown(f.client.put_runtime_management_config(FunctionName="f", **wanted))

    assert put == {"UpdateRuntimeOn": wanted["UpdateRuntimeOn"], "FunctionArn": f"{ARN}f"} | version
    assert management(f) == put


def test_each_version_has_its_own_and_it_goes_with_it(f: Api) -> None:
    put = f.client.put_runtime_management_config(FunctionName="f", Qualifier="1", UpdateRuntimeOn="FunctionUpdate")

    assert put["FunctionArn"] == f"{ARN}f:1"
    assert management(f, Qualifier="1")["UpdateRuntimeOn"] == "FunctionUpdate"
    assert management(f, Qualifier="$LATEST") == {"UpdateRuntimeOn": "Auto", "FunctionArn": f"{ARN}f:$LATEST"}
    f.client.delete_function(FunctionName="f", Qualifier="1")
    with refused("ResourceNotFoundException", f"Function not found: {ARN}f:1"):
        management(f, Qualifier="1")


def test_both_are_there_after_a_restart(f: Api) -> None:
    f.client.put_function_recursion_config(FunctionName="f", RecursiveLoop="Allow")
    f.client.put_runtime_management_config(FunctionName="f", UpdateRuntimeOn="Manual", RuntimeVersionArn=RUNTIME)

    with f.reopened() as store:
        found = store.functions.get(f.scope, "f")

    assert found is not None
    assert (found.recursive_loop, found.runtime_management["$LATEST"].version_arn) == ("Allow", RUNTIME)


def management(api: Api, **named: Any) -> dict[str, Any]:
    return shown(api.client.get_runtime_management_config(FunctionName="f", **named))
