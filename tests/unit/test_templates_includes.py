"""AWS::Include of files beside a template. docs/sam.md."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lambda_emu.arn import Scope
from lambda_emu.project.declarations import ProjectError
from lambda_emu.templates.stack import read_stack

TEMPLATE = """
Parameters: {Stage: {Type: String, Default: dev}}
Resources:
  Api:
    Type: AWS::ApiGateway::RestApi
    Properties:
      Name: shop
      Body:
        Fn::Transform: {Name: AWS::Include, Parameters: {Location: api/openapi.yaml}}
  Jobs:
    Type: AWS::SQS::Queue
    Properties:
      QueueName: jobs
      Fn::Transform: {Name: AWS::Include, Parameters: {Location: queue.json}}
"""
DOCUMENT = "openapi: 3.0.1\ninfo: {title: !Sub '${Stage}-shop'}\npaths: {/a: {get: {responses: {200: {}}}}}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "api").mkdir()
    (tmp_path / "api" / "openapi.yaml").write_text(DOCUMENT)
    (tmp_path / "queue.json").write_text('{"VisibilityTimeout": 20}')
    return tmp_path


def resources(folder: Path, text: str) -> Any:
    (folder / "template.yaml").write_text(text)
    scope = Scope("000000000000", "us-east-1")
    return read_stack(folder / "template.yaml", scope, {}, folder / "cache").template.section("Resources")


def test_a_file_takes_the_place_that_includes_it(folder: Path) -> None:
    found = resources(folder, TEMPLATE)

    assert found["Api"]["Properties"]["Body"]["info"] == {"title": {"Fn::Sub": "${Stage}-shop"}}
    assert list(found["Api"]["Properties"]["Body"]["paths"]) == ["/a"]
    assert found["Jobs"]["Properties"] == {"QueueName": "jobs", "VisibilityTimeout": 20}


def test_what_the_transform_section_includes_are_sections(folder: Path) -> None:
    (folder / "more.yaml").write_text("Resources:\n  More: {Type: AWS::SNS::Topic}\n")
    top = "Transform: {Name: AWS::Include, Parameters: {Location: more.yaml}}\n"

    assert sorted(resources(folder, top + TEMPLATE)) == ["Api", "Jobs", "More"]


@pytest.mark.parametrize(
    ("was", "then", "told"),
    [
        ("queue.json", "gone.json", "yaml:14: Resources.Jobs.Properties.Fn::Transform: gone.json does not exist"),
        ("queue.json", "out.json", "out.json is a link that leads out of "),
        ("queue.json", "nested.json", "nested.json includes another file, which CloudFormation refuses"),
        ("queue.json", "broken.json", "broken.json:1: not YAML"),
        ("queue.json", "s3://bucket/a.json", "Location must be the path of a file beside the template"),
    ],
)
def test_what_cannot_be_included_is_told_with_its_line(folder: Path, was: str, then: str, told: str) -> None:
    outside = folder.parent / "outside.json"
    outside.write_text("{}")
    (folder / "out.json").symlink_to(outside)
    (folder / "broken.json").write_text("{")
    (folder / "nested.json").write_text(
        '{"A": {"Fn::Transform": {"Name": "AWS::Include", "Parameters": {"Location": "queue.json"}}}}'
    )

    with pytest.raises(ProjectError) as refused:
        resources(folder, TEMPLATE.replace(was, then))

    (mistake,) = refused.value.mistakes
    assert told in mistake
