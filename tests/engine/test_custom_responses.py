"""What who makes a custom resource answers, right or wrong, and what becomes of its stack by that. docs/sam.md."""

from __future__ import annotations

import json
from typing import Any

import pytest
from stack_rig import Stacks, stacks
from waiting import eventually

__all__ = ["stacks"]

MAKER = """
import json
from urllib.request import Request, urlopen
def put(event, text):
    try:
        urlopen(Request(event["ResponseURL"], text.encode(), method="PUT"), timeout=30).close()
    except OSError as error:
        print("answered", error)
def handler(event, context):
    print(json.dumps(event))
    said = event["ResourceProperties"]
    own = json.loads(said.get(event["RequestType"], "{}"))
    copied = {name: event[name] for name in ("StackId", "RequestId", "LogicalResourceId")}
    answer = {"Status": "SUCCESS", "PhysicalResourceId": event.get("PhysicalResourceId", "thing"), **copied, **own}
    answer = {name: value for name, value in answer.items() if value is not None}
    if event["RequestType"] == "Create":
        for text in json.loads(said.get("First", "[]")):
            put(event, text)
        own["Bytes"] = int(said.get("Bytes", 0))
    put(event, json.dumps(answer).ljust(own.get("Bytes", 0)))
"""
FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:answers"


@pytest.fixture(scope="module")
def maker(stacks: Stacks) -> str:
    """A function that answers as the properties of the resource say, by type of request."""
    stacks.lam.create("answers", {"index.py": MAKER}, Runtime="python3.11", Handler="index.handler", Timeout=60)
    return FUNCTION


def thing(token: str, **properties: Any) -> dict[str, Any]:
    """What is no text is JSON."""
    told = {name: one if isinstance(one, str) else json.dumps(one) for name, one in properties.items()}
    return {"Type": "Custom::Thing", "Properties": {"ServiceToken": token, **told}}


def template(resources: dict[str, Any], **outputs: Any) -> str:
    told = {name: {"Value": value} for name, value in outputs.items()}
    return json.dumps({"Resources": resources, "Outputs": told})


def requests(stacks: Stacks, stack: str, count: int) -> list[tuple[str, str, str | None]]:
    """Of a stack: the resource, the type and the physical id, in the order in which they came."""
    logs = stacks.sdk("logs")

    def found() -> list[tuple[str, str, str | None]]:
        events = logs.filter_log_events(logGroupName="/aws/lambda/answers", filterPattern='"ResponseURL"')["events"]
        said = [json.loads(one["message"]) for one in events]
        mine = [one for one in said if f"stack/{stack}/" in one["StackId"]]
        told = [(one["LogicalResourceId"], one["RequestType"], one.get("PhysicalResourceId")) for one in mine]
        return told if len(told) >= count else []

    return eventually(found, f"{count} requests of {stack}", 60)


DEEP = json.loads("[" * 700 + "]" * 700)
REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "TooLong": ({"Bytes": 4097}, "Response object is too long."),
    "FarTooLong": ({"Bytes": 20_000}, "Response object is too long."),
    "LongerThanWeTake": ({"Bytes": 2_000_000}, "Response object is too long."),
    "NoJson": ({"First": ["{"]}, "Invalid Response object: it must be a JSON object"),
    "Status": ({"Create": {"Status": "FAILURE"}}, "Invalid Response object: 'FAILURE' is not a valid ResponseStatus"),
    "Data": ({"Create": {"Data": [1]}}, "Invalid Response object: Value of property Data must be an object"),
    "Deep": ({"Create": {"Data": {"A": DEEP}}},
             "Invalid Response object: Value of property Data is nested deeper than 64"),
    "TooDeepToRead": ({"First": ["[" * 4000]}, "Invalid Response object: it must be a JSON object"),
    "NoId": ({"Create": {"PhysicalResourceId": None}}, "Invalid PhysicalResourceId"),
    "EmptyId": ({"Create": {"PhysicalResourceId": ""}}, "Invalid PhysicalResourceId"),
    "LongId": ({"Create": {"PhysicalResourceId": "x" * 1025}}, "Invalid PhysicalResourceId"),
    "FailedWithoutId": ({"Create": {"Status": "FAILED", "PhysicalResourceId": None, "Reason": "why"}},
                        "Invalid PhysicalResourceId"),
    "IdIsNone": ({"Create": {"PhysicalResourceId": 7}},
                 "Invalid Response object: Value of property PhysicalResourceId must be of type String"),
    "Failed": ({"Create": {"Status": "FAILED", "Reason": "no \u001b[31m more"}},
               "Received response status [FAILED] from custom resource. Message returned: no \ufffd[31m more"),
}  # fmt: skip
TAKEN: dict[str, dict[str, Any]] = {
    "Longest": {"Bytes": 4096},
    "LongestId": {"Create": {"PhysicalResourceId": "x" * 1024}},
    "OthersFirst": {"First": ['{"Status": "SUCCESS", "PhysicalResourceId": "other", "StackId": "other"}']},
}


def test_what_is_no_response_is_refused_in_cloudformations_words(stacks: Stacks, maker: str) -> None:
    """All others in the stack are made, and what is of another request is not taken for the response."""
    asked = {name: thing(maker, **properties) for name, (properties, _) in REFUSED.items()}
    asked |= {name: thing(maker, **properties) for name, properties in TAKEN.items()}
    stacks.client.create_stack(StackName="responses", TemplateBody=template(asked), DisableRollback=True)
    stacks.becomes("responses", "CREATE_FAILED")

    found = stacks.resources("responses")
    assert {name for name, one in found.items() if one["ResourceStatus"] == "CREATE_COMPLETE"} == {*TAKEN}
    for name, (_, reason) in REFUSED.items():
        assert found[name]["ResourceStatusReason"].startswith(reason), name
    assert found["OthersFirst"]["PhysicalResourceId"] == "thing"

    stacks.delete("responses")
    told = requests(stacks, "responses", 2 * len(asked))
    assert {name for name, type, _ in told if type == "Delete"} == {*asked}  # those that failed too


def test_an_attribute_that_no_response_had_fails_who_asks_for_it(stacks: Stacks, maker: str) -> None:
    """Also where an earlier response had it."""
    one = {"Create": {"Data": {"Colour": "red"}, "NoEcho": True}, "Update": {"PhysicalResourceId": "thing"}}
    colour = {"Fn::GetAtt": ["One", "Colour"]}
    told = {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": colour}}
    made = stacks.create("attributes", template({"One": thing(maker, **one), "Told": told}, Colour=colour))
    assert stacks.outputs("attributes") == {"Colour": "red"}  # NoEcho hides nothing, as on AWS

    changed = template({"One": thing(maker, **one, Size=2), "Told": told}, Colour=colour)
    stacks.client.update_stack(StackName="attributes", TemplateBody=changed)
    stacks.becomes("attributes", "UPDATE_ROLLBACK_COMPLETE")
    pages = stacks.client.describe_stack_events(StackName="attributes")["StackEvents"]
    reasons = [event.get("ResourceStatusReason", "") for event in pages if event["LogicalResourceId"] == "Told"]
    missing = f"Vendor response doesn't contain Colour attribute in object {made['StackId']}|One|"
    assert any(f"CustomResource attribute error: {missing}" in reason for reason in reasons), reasons
    stacks.delete("attributes")


BROKEN = {"Type": "AWS::SQS::Queue", "Properties": {"VisibilityTimeout": 99999999}, "DependsOn": "One"}


@pytest.mark.parametrize(("name", "changed", "back", "told"), [
    # a failure with another id made another one, which goes once the old one is there again
    ("failed", {"Status": "FAILED", "PhysicalResourceId": "b"}, {"PhysicalResourceId": "a"},
     [("Update", "a"), ("Update", "b"), ("Delete", "b")]),
    # who answers to the way back by another id made another one: the old one goes
    ("renewed", {}, {"PhysicalResourceId": "c"}, [("Update", "a"), ("Update", "a"), ("Delete", "a")]),
    ("twice", {"Status": "FAILED", "PhysicalResourceId": "b"}, {"PhysicalResourceId": "c"},
     [("Update", "a"), ("Update", "b"), ("Delete", "b"), ("Delete", "a")]),
])  # fmt: skip
def test_what_a_rollback_leaves_beside_what_is_there_again_is_deleted(
    stacks: Stacks, maker: str, name: str, changed: Any, back: Any, told: Any
) -> None:
    one = thing(maker, Create={"PhysicalResourceId": "a"}, Update=back)
    stacks.create(name, template({"One": one}))
    other = template({"One": thing(maker, Create={"PhysicalResourceId": "a"}, Update=changed), "Broken": BROKEN})

    stacks.client.update_stack(StackName=name, TemplateBody=other)

    stacks.becomes(name, "UPDATE_ROLLBACK_COMPLETE")
    there = back["PhysicalResourceId"]
    assert stacks.resources(name)["One"]["PhysicalResourceId"] == there
    _, *asked = requests(stacks, name, 1 + len(told))
    assert [(type, id) for _, type, id in asked] == told
    stacks.delete(name)
    assert requests(stacks, name, 2 + len(told))[-1][1:] == ("Delete", there)


def test_a_change_that_failed_and_stays_is_changed_by_its_new_id(stacks: Stacks, maker: str) -> None:
    """What it was before goes with the change that succeeds."""
    stacks.create("stays", template({"One": thing(maker, Create={"PhysicalResourceId": "a"})}))
    failing = template({"One": thing(maker, Update={"Status": "FAILED", "PhysicalResourceId": "b"})})
    stacks.client.update_stack(StackName="stays", TemplateBody=failing, DisableRollback=True)
    stacks.becomes("stays", "UPDATE_FAILED")
    assert stacks.resources("stays")["One"]["PhysicalResourceId"] == "b"

    stacks.update("stays", template({"One": thing(maker, Size=2)}), DisableRollback=True)

    told = [("Create", None), ("Update", "a"), ("Update", "b"), ("Delete", "a")]
    assert [(type, id) for _, type, id in requests(stacks, "stays", 4)] == told
    stacks.delete("stays")
