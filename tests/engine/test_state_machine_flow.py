"""What state machines do with their data: Maps, branches, choices and expressions, as a user of boto3 sees it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from machines_rig import INVOKE, PASS, Machines, add, machines
from own import OwnLam
from services_rig import lam, sdk

__all__ = ["add", "lam", "machines"]

JSONATA = {"QueryLanguage": "JSONata"}


def test_maps_and_branches_come_together(machines: Machines, add: str) -> None:
    one = {"StartAt": "Add", "States": {"Add": {"Type": "Task", "Resource": add, "End": True}}}
    each = {"Type": "Map", "ItemsPath": "$.items", "MaxConcurrency": 2, "ItemProcessor": one, "ResultPath": "$.sums"}
    branches = [one | {"StartAt": "A", "States": {"A": PASS | {"Result": name}}} for name in "xy"]
    both = {"Type": "Parallel", "Branches": branches, "ResultPath": "$.names", "End": True}
    machine = machines.create("together", {"Each": each | {"Next": "Both"}, "Both": both})

    output = machines.output(machine, {"items": [{"a": 1}, {"b": 2}, {"a": 3}]})

    assert output["sums"] == [{"sum": 1}, {"sum": 2}, {"sum": 3}]
    assert output["names"] == ["x", "y"]


def test_a_failed_branch_ends_the_others(machines: Machines) -> None:
    fails = {"StartAt": "A", "States": {"A": {"Type": "Fail", "Error": "Broken", "Cause": "it is"}}}
    waits = {"StartAt": "B", "States": {"B": {"Type": "Wait", "Seconds": 3600, "End": True}}}
    both = {"Type": "Parallel", "Branches": [fails, waits], "Catch": [{"ErrorEquals": ["Broken"], "Next": "C"}]}

    assert machines.output(machines.create("breaks", {"P": both | {"End": True}, "C": PASS})) == {
        "Error": "Broken",
        "Cause": "it is",
    }


def test_expressions_of_jsonata(machines: Machines, add: str) -> None:
    called = {"FunctionName": add, "Payload": {"a": "{% $n %}", "b": "{% $sum($states.input.list) %}"}}
    states: dict[str, Any] = {
        "Keep": {"Type": "Pass", "Assign": {"n": "{% $states.input.n + 1 %}", "text": 'say "hi"\n'}, "Next": "Add"},
        "Add": INVOKE | {"Arguments": called, "Output": "{% {'sum': $states.result.Payload.sum, 'text': $text} %}"},
    }
    states["Add"]["End"] = True

    output = machines.output(machines.create("jsonata", states, **JSONATA), {"n": 1, "list": [1, 2, 3]})

    assert output == {"sum": 8, "text": 'say "hi"\n'}


@pytest.mark.parametrize(
    ("name", "expression", "why"),
    [
        ("type", "'a' + 1", "threw an error during evaluation. T2001: The left side of the + operator must evaluate"),
        ("nothing", "$states.input.absent", "returned nothing (undefined)."),
        (
            "deep",
            "($f := function($n) {1 + $f($n)}; $f(1))",
            "threw an error during evaluation. D1011: Stack overflow.",
        ),
        ("endless", "($f := function($n) {$f($n)}; $f(1))", "threw an error during evaluation. D1012: "),
        ("large", "$count([1..9999999])", "threw an error during evaluation. D2014: "),
        ("pattern", "$match($states.input.text, /^(a|aa)+$/)", "threw an error during evaluation. "),
        ("function", "$sum", "returned an unsupported result type."),
    ],
)
def test_what_an_expression_fails_by_is_told_and_takes_no_long(
    machines: Machines, name: str, expression: str, why: str
) -> None:
    states = {"Ask": {"Type": "Pass", "Output": f"{{% {expression} %}}", "End": True}}

    ended = machines.run(machines.create(f"query-{name}", states, **JSONATA), {"text": "a" * 5000 + "b"})

    assert (ended["status"], ended["error"]) == ("FAILED", "States.QueryEvaluationError")
    told = "An error occurred while executing the state 'Ask' (entered at the event id #2). The JSONata expression "
    assert ended["cause"].startswith(f"{told}'{expression}' specified for the field 'Output' {why}")
    assert (ended["stopDate"] - ended["startDate"]).total_seconds() < 20


def test_a_choice_that_nothing_matches_fails(machines: Machines) -> None:
    rule = {"Variable": "$.n", "NumericGreaterThan": 5, "Next": "Big"}
    machine = machines.create("choice", {"C": {"Type": "Choice", "Choices": [rule]}, "Big": {"Type": "Succeed"}})

    assert machines.output(machine, {"n": 6}) == {"n": 6}
    ended = machines.run(machine, {"n": 5})

    assert (ended["status"], ended["error"]) == ("FAILED", "States.Runtime")
    assert "Failed to transition out of the state." in ended["cause"]


def test_a_choice_about_what_is_not_there_fails_whatever_the_default_is(machines: Machines) -> None:
    missing = {"Variable": "$.n", "NumericEquals": 5}
    there = {"Variable": "$.n", "IsPresent": True}
    states: dict[str, Any] = {
        "C": {"Type": "Choice", "Choices": [missing | {"Next": "End"}], "Default": "End"},
        "End": {"Type": "Succeed"},
    }
    asked = {**states, "C": {**states["C"], "Choices": [{"And": [there, missing], "Next": "End"}]}}

    ended = machines.run(machines.create("missing", states), {})

    assert (ended["status"], ended["error"]) == ("FAILED", "States.Runtime")
    assert ended["cause"] == (
        "An error occurred while executing the state 'C' (entered at the event id #2). "
        "Invalid path '$.n': The choice state's condition path references an invalid value."
    )
    assert machines.output(machines.create("asked", asked), {}) == {}


def distributed(state: Any, **members: Any) -> dict[str, Any]:
    """The states of a machine that has each item taken by this one."""
    config = {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"}
    processor = {"ProcessorConfig": config, "StartAt": "Item", "States": {"Item": state | {"End": True}}}
    return {"Map": {"Type": "Map", "ItemProcessor": processor, "End": True} | members}


def test_items_come_from_an_object_and_results_go_to_one(machines: Machines, lam: OwnLam) -> None:
    s3 = sdk(lam, "s3")
    s3.create_bucket(Bucket="items")
    s3.put_object(Bucket="items", Key="rows.csv", Body="name,age\nada,36\nalan,41\n")
    place = {"Bucket": "items", "Key": "rows.csv"}
    csv = {"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"}
    reader = {"Resource": "arn:aws:states:::s3:getObject", "ReaderConfig": csv, "Parameters": place}
    writer = {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "items", "Prefix": "out"}}
    machine = machines.create("rows", distributed({"Type": "Pass"}, ItemReader=reader, ResultWriter=writer))

    output = machines.output(machine)

    manifest = json.loads(s3.get_object(Bucket="items", Key=output["ResultWriterDetails"]["Key"])["Body"].read())
    assert manifest["MapRunArn"] == output["MapRunArn"]
    (run,) = machines.states.list_map_runs(executionArn=machines.last)["mapRuns"]
    told = machines.states.describe_map_run(mapRunArn=run["mapRunArn"])
    assert (told["status"], told["itemCounts"]["total"], told["itemCounts"]["succeeded"]) == ("SUCCEEDED", 2, 2)


def test_items_come_in_batches(machines: Machines) -> None:
    batcher = {"MaxItemsPerBatch": 2, "BatchInput": {"all.$": "$.all"}}
    selector = {"at.$": "$$.Map.Item.Index", "is.$": "$$.Map.Item.Value"}
    states = distributed({"Type": "Pass"}, ItemBatcher=batcher, ItemsPath="$.items", ItemSelector=selector)

    assert machines.output(machines.create("batches", states), {"items": ["a", "b", "c"], "all": 3}) == [
        {"BatchInput": {"all": 3}, "Items": [{"at": 0, "is": "a"}, {"at": 1, "is": "b"}]},
        {"BatchInput": {"all": 3}, "Items": [{"at": 2, "is": "c"}]},
    ]


@pytest.mark.parametrize(("name", "percent", "status"), [("some", 50, "SUCCEEDED"), ("none", 0, "FAILED")])
def test_as_many_items_may_fail_as_is_tolerated(
    machines: Machines, add: str, name: str, percent: int, status: str
) -> None:
    states = distributed({"Type": "Task", "Resource": add}, ToleratedFailurePercentage=percent)

    ended = machines.run(machines.create(f"tolerates-{name}", states), [{"a": 1}, {"fail": "no"}])

    assert ended["status"] == status
    if status == "FAILED":
        assert ended["error"] == "States.ExceedToleratedFailureThreshold"
    else:
        assert json.loads(ended["output"]) == [{"sum": 1}]
