"""Fn::ForEach of AWS::LanguageExtensions."""

from __future__ import annotations

from pathlib import Path

import pytest

from lambda_emu.arn import Scope
from lambda_emu.project import ProjectError
from lambda_emu.templates.stack import Stack, read_stack

SCOPE = Scope("123456789012", "eu-west-1")
HEAD = "Transform: AWS::LanguageExtensions\nParameters: {Names: {Type: CommaDelimitedList, Default: 'x,y'}}\n"


def read(folder: Path, resources: str, head: str = HEAD) -> Stack:
    (folder / "template.yaml").write_text(f"{head}Resources:\n{resources}")
    return read_stack(folder / "template.yaml", SCOPE, {}, folder)


def test_a_loop_makes_a_resource_for_each_item(tmp_path: Path) -> None:
    loop = """
  Fn::ForEach::Topics:
    - Name
    - !Ref Names
    - Topic${Name}:
        Type: AWS::SNS::Topic
        Properties: {TopicName: !Ref Name, DisplayName: !Sub 'is ${Name}'}
  Fn::ForEach::Queues:
    - Side
    - [a.b, c]
    - Fn::ForEach::Numbers: [N, ['1', '2'], {'Queue&{Side}${N}': {Type: AWS::SQS::Queue}}]
"""
    stack = read(tmp_path, loop)

    resources = stack.template.section("Resources")
    assert [*resources] == ["Topicx", "Topicy", "Queueab1", "Queueab2", "Queuec1", "Queuec2"]
    assert resources["Topicy"]["Properties"] == {"TopicName": "y", "DisplayName": {"Fn::Sub": "is y"}}
    assert stack.template.where(("Resources", "Topicx", "Properties")) == (
        "template.yaml:5: Resources.Topicx.Properties"
    )


@pytest.mark.parametrize(
    ("loop", "told"),
    [
        ("  Fn::ForEach::A: [x, [1]]", "template.yaml:4: Resources.Fn::ForEach::A: must be a list of a name, a list"),
        ("  Fn::ForEach::A: [x, !Ref Nobody, {a: b}]", "Ref: there is no parameter and no resource 'Nobody'"),
        ("  Fn::ForEach::A: [x, !Ref AWS::Region, {a: b}]", "goes over a list of texts, or a function that gives one"),
        ("  Fn::ForEach::A: [x, [a, b], {Same: {Type: X}}]", "makes Same twice"),
        (
            "  Fn::ForEach::A: [x, &l [a, b, c, d, e, f, g, h, i, j], {Fn::ForEach::B: [y, *l, {Fn::ForEach::C: "
            "[z, *l, {Fn::ForEach::D: [u, *l, {Fn::ForEach::E: [v, *l, {'${x}${y}${z}${u}${v}': {Type: X}}]}]}]}]}]",
            "makes more than 100000 members",
        ),
        (
            f"  Fn::ForEach::A: [x, [{'a' * 9000}], {{Fn::ForEach::B: [y, ['{'${x}' * 100}'], "
            f"{{Fn::ForEach::C: [z, ['{'${y}' * 1000}'], {{X: {{Type: '{'&{z}' * 1000}'}}}}]}}]}}]",
            "makes more than 10000000 characters",
        ),
        (
            f"  Fn::ForEach::A: [x, ['{'a' * 9000}'], {{X: {{Type: T, Properties: {{P: [{'!Ref x, ' * 3000}]}}}}}}]",
            "makes more than 10000000 characters",
        ),
    ],
)
def test_a_loop_that_cannot_be_is_told_with_its_line(tmp_path: Path, loop: str, told: str) -> None:
    with pytest.raises(ProjectError) as refused:
        read(tmp_path, loop)

    assert told in str(refused.value)


def test_a_loop_without_the_transform_is_no_resource(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match=r"template.yaml:2: Resources.Fn::ForEach::A: must be a mapping with Type"):
        read(tmp_path, "  Fn::ForEach::A: [x, [a], {a: b}]", head="")
