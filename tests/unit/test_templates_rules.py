"""Rules of templates: what must hold of parameters before anything is made. docs/sam.md#functions-of-templates."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lambda_emu.project.declarations import ProjectError
from lambda_emu.templates.language.document import read_template
from lambda_emu.templates.language.rules import check_rules

VALUES = {"Stage": "prod", "Size": "m1.large", "Zones": ["a", "b"], "Key": "/a/key", "Vpc": "vpc-1"}
TYPES = (
    "Stage: {Type: String}, Size: {Type: String}, Zones: {Type: CommaDelimitedList}, Vpc: {Type: 'AWS::EC2::VPC::Id'}"
)
TEMPLATE = """
Parameters: {%s, Key: {Type: 'AWS::SSM::Parameter::Value<String>'}}
Rules:
  Sizes:
    RuleCondition: %s
    Assertions: [{Assert: %s, AssertDescription: a word about sizes}]
Resources: {Jobs: {Type: AWS::SQS::Queue}}
"""
ALWAYS = "!Equals [!Ref Stage, prod]"


def complaints(asserted: str, condition: str = ALWAYS, **more: Any) -> list[str]:
    template = read_template(Path("template.yaml"), (TEMPLATE % (TYPES, condition, asserted)).encode())
    try:
        check_rules(template, VALUES, **more)
    except ProjectError as error:
        return list(error.mistakes)
    return []


@pytest.mark.parametrize(
    ("asserted", "holds"),
    [
        ("!Contains [[m1.large, m1.small], !Ref Size]", True),
        ("!Contains [[m1.small], !Ref Size]", False),
        ("!Contains [!Ref Zones, b]", True),
        ("!EachMemberIn [!Ref Zones, [a, b, c]]", True),
        ("!EachMemberIn [!Ref Zones, [a]]", False),
        ("!EachMemberEquals [[prod, prod], !Ref Stage]", True),
        ("!EachMemberEquals [!Ref Zones, a]", False),
        ("!EachMemberIn [!RefAll 'AWS::EC2::VPC::Id', [vpc-1]]", True),
        ("!Contains [!RefAll String, prod]", True),
        ("!Contains [!RefAll String, vpc-1]", False),
        ("!Not [!Equals [!Ref Size, '']]", True),
        ("!And [!Equals [1, '1'], !Not [!Equals [true, 'true']]]", False),
        ("!Or [!Equals [a, b], !Contains [[prod], !Ref Stage]]", True),
        ("{'Fn::Equals': [!ValueOf [Vpc, Tags.Team], IT]}", True),  # of things in the account nothing is known
        ("!Not [!Contains [['1'], !Ref Key]]", True),
    ],
)
def test_an_assertion_holds_or_is_told(asserted: str, holds: bool) -> None:
    expected = [] if holds else ["template.yaml:6: Rules.Sizes.Assertions[0]: a word about sizes"]
    assert complaints(asserted) == expected


def test_a_rule_whose_condition_does_not_hold_asks_nothing() -> None:
    assert complaints("!Equals [a, b]", "!Equals [!Ref Stage, dev]") == []


def test_a_value_of_systems_manager_is_asked_once_it_is_looked_up() -> None:
    assert complaints("!Equals [!Ref Key, /b/key]") == []
    assert len(complaints("!Equals [!Ref Key, /b/key]", is_looked_up=True)) == 1


@pytest.mark.parametrize(
    ("asserted", "said"),
    [
        ("!Contains [a]", "Fn::Contains must be a list of two"),
        ("!Equals [!Ref Nobody, a]", "there is no parameter 'Nobody'"),
        ("{'Fn::Cidr': [a, b]}", "Fn::Cidr is no function of rules"),
        ("{'Fn::Equals': [{'Fn::If': [a, b, c]}, a]}", "Fn::If is no function of rules"),
        ("5", "must be a function of rules"),
        ("{'Fn::Not': 5}", "Fn::Not must be a list"),
    ],
)
def test_what_is_no_rule_is_told_with_its_place(asserted: str, said: str) -> None:
    (told,) = complaints(asserted)
    assert told == f"template.yaml:6: Rules.Sizes.Assertions[0]: {said}"


def test_functions_of_rules_stand_in_rules_alone() -> None:
    with pytest.raises(ProjectError, match="!Contains is no function of templates"):
        read_template(Path("t"), b"Resources: {A: {Type: 'AWS::SQS::Queue', Properties: {X: !Contains [[a], a]}}}")
