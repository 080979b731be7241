"""Templates of unusual shapes: each is read or refused, and none ends in anything else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from lambda_emu.arn import Scope
from lambda_emu.cloudformation.capabilities import of_iam, transforms_of, typed
from lambda_emu.cloudformation.errors import CloudFormationError
from lambda_emu.cloudformation.parameters import take
from lambda_emu.cloudformation.reading import check_names, read
from lambda_emu.project import ProjectError
from lambda_emu.templates.kinds.table import kind_of
from lambda_emu.templates.language.document import read_template
from lambda_emu.templates.object_urls import CannotFetch, name_of
from lambda_emu.templates.stack import make_stack, pseudo_parameters, wanted

SCOPE = Scope("123456789012", "eu-west-1")
TEMPLATE: dict[str, Any] = {
    "Transform": ["AWS::LanguageExtensions"],
    "Parameters": {"Stage": {"Type": "String", "Default": "dev", "AllowedValues": ["dev"], "MaxLength": 9}},
    "Mappings": {"Sizes": {"dev": {"small": 1}}},
    "Conditions": {"Is": {"Fn::Equals": [{"Ref": "Stage"}, "dev"]}},
    "Resources": {
        "Role": {"Type": "AWS::IAM::Role", "Properties": {"RoleName": "a"}, "DependsOn": ["Jobs"], "Condition": "Is"},
        "Jobs": {
            "Type": "AWS::SQS::Queue",
            "Properties": {
                "QueueName": {"Fn::Sub": ["${A}-${Topic.Arn}", {"A": {"Fn::GetAtt": ["Topic", "Arn"]}}]},
                "Tags": [{"Key": "a", "Value": {"Fn::FindInMap": ["Sizes", {"Ref": "Stage"}, "small"]}}],
            },
        },
        "Topic": {
            "Type": "AWS::SNS::Topic",
            "Properties": {"TopicName": {"Fn::If": ["Is", "a", {"Ref": "AWS::NoValue"}]}},
        },
        "Fn::ForEach::More": ["X", ["a", "b"], {"Queue${X}": {"Type": "AWS::SQS::Queue"}}],
    },
    "Outputs": {"Url": {"Value": {"Fn::GetAtt": ["Jobs", "Arn"]}, "Export": {"Name": {"Fn::Join": ["-", ["a", "b"]]}}}},
}
ODD: tuple[Any, ...] = (
    5,
    [1],
    {"a": 1},
    [{"a": []}],
    "x",
    None,
    True,
    {"Fn::GetAtt": {"a": 1}},
    {"Fn::Sub": []},
    "\ud800",
)


def places(node: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if isinstance(node, dict | list):
        for name, member in node.items() if isinstance(node, dict) else enumerate(node):
            yield (*above, name)
            yield from places(member, (*above, name))


def look_at(text: str) -> None:
    """As whoever sends it has it looked at. CloudFormationError, ProjectError."""
    template = read(text)
    of_iam(template), typed(template), transforms_of(template)
    values = {**pseudo_parameters("a", SCOPE), **take(template, (), ())}
    stack = make_stack(template, "a", None, values, Path())
    check_names(stack.template)
    kinds = {one["Type"]: kind_of(one["Type"]) for one in stack.template.section("Resources").values()}
    wanted(stack, lambda _, __: None, kinds)


def test_the_template_itself_can_be() -> None:
    look_at(json.dumps(TEMPLATE))


@pytest.mark.parametrize("odd", ODD, ids=repr)
def test_whatever_stands_at_a_place_is_read_or_refused(odd: Any) -> None:
    for place in places(TEMPLATE):
        template = deepcopy(TEMPLATE)
        node: Any = template
        for name in place[:-1]:
            node = node[name]
        node[place[-1]] = odd
        try:
            look_at(json.dumps(template))
        except (CloudFormationError, ProjectError):
            continue
        except Exception as error:
            raise AssertionError(f"{place} is {odd!r}") from error


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (f'{{"Resources": {{"A": {"1" * 5000}}}}}', "JSON not well-formed"),
        (f"Resources:\n  A: {'1' * 5000}", "Template format error"),
        ('{"Parameters": [1], "Resources": {"A": {"Type": "AWS::SQS::Queue"}}}', "Parameters: must be a mapping"),
        ("Parameters: [1]\nResources: {A: {Type: AWS::SQS::Queue}}", "Parameters: must be a mapping"),
        ("Resources: {A: {Type: AWS::SQS::Queue, DependsOn: 5}}", "DependsOn: must be the name of a resource"),
        (
            "Resources: {A: {Type: AWS::SQS::Queue, Properties: {a: !GetAtt {a: 1}}}}",
            "GetAtt: must be the name of a resource",
        ),
    ],
)
def test_what_cannot_be_read_is_told(text: str, told: str) -> None:
    with pytest.raises((CloudFormationError, ProjectError), match=told):
        look_at(text)


def test_a_member_that_is_called_like_one_of_resources_is_none() -> None:
    look_at("Resources: {A: {Type: AWS::SQS::Queue, Properties: {Containers: [{DependsOn: [{Name: b}]}]}}}")


@pytest.mark.parametrize("url", ["https://[", "https://s3.amazonaws.com/only", "s3://a/b", "https://"])
def test_an_address_of_no_object_is_refused(url: str) -> None:
    with pytest.raises(CannotFetch):
        name_of(url)


def test_json_may_be_indented_by_tabs() -> None:
    text = b'{\n\t"Resources": {\n\t\t"Jobs": {"Type": "AWS::SQS::Queue"}\n\t}\n}'
    template = read_template(Path("template.json"), text)
    assert template.where(("Resources", "Jobs")) == "template.json:3: Resources.Jobs"

    with pytest.raises(ProjectError, match="not YAML"):
        read_template(Path("template.json"), text[:-1])


def test_an_object_has_one_name() -> None:
    assert name_of("https://s3.amazonaws.com/a/b.json?x=1") == name_of("https://a.s3.eu-west-1.amazonaws.com/b.json")
