"""Layers that functions of a template name, however they are written: told with their line, or the API's to refuse."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_emu.arn import Scope
from lambda_emu.public_layers.known import is_known
from lambda_emu.templates.language.document import Template
from lambda_emu.templates.layers import layers_without_effect
from lambda_emu.templates.stack import make_stack, pseudo_parameters

SCOPE = Scope("000000000000", "us-east-1")
POWERTOOLS = "arn:aws:lambda:us-east-1:017000801446:layer:AWSLambdaPowertoolsPythonV3-python312-x86_64"
PARTS = (
    "arn",
    "aws",
    "lambda",
    "us-east-1",
    "017000801446",
    "layer",
    "AWSLambdaPowertoolsTypeScriptV2",
    "7",
    "",
    "\0é",
)


def told(*layers: Any) -> list[str]:
    """Without where they are."""
    function = {"Type": "AWS::Lambda::Function", "Properties": {"Layers": [*layers]}}
    template = Template(Path("template.json"), json.loads(json.dumps({"Resources": {"F": function}})), {})
    stack = make_stack(template, "s", None, pseudo_parameters("s", SCOPE), Path())
    place = "template.json:1: Resources.F.Properties.Layers["
    return [line.removeprefix(place) for line in layers_without_effect(stack, SCOPE, partial(is_known, sources=()))]


@pytest.mark.parametrize(
    "arn",
    [
        *(f"{POWERTOOLS}:{number}" for number in ("", "0", "-1", "x", "1" * 5000, "٣", "1:2")),
        POWERTOOLS.replace("017000801446", "nobody") + ":1",
        "arn:aws:lambda:us-east-1:1:layer:a b:1",
        "arn::::::" + "x" * 10_000,
        "arn:aws:s3:::bucket:key:more",
    ],
    ids=lambda arn: arn[-20:],
)
def test_a_layer_of_others_that_cannot_be_is_not_here(arn: str) -> None:
    (line,) = told(arn)

    assert " is not here, and the function goes without; --layers " in line


@pytest.mark.parametrize(
    "layer", ["", "arn", "arn:aws:lambda", 7, None, [], {"Ref": "F"}, {"Fn::Sub": "${F}:1"}], ids=str
)
def test_what_is_no_arn_is_left_to_the_api(layer: Any) -> None:
    assert told(layer) == []


def test_one_that_is_known_needs_no_line() -> None:
    assert told(f"{POWERTOOLS}:7", "arn:aws:lambda:us-east-1:000000000000:layer:mine:1") == []


@given(st.lists(st.sampled_from(PARTS) | st.text(max_size=9), min_size=6, max_size=9))
def test_any_arn_is_told_or_known(parts: list[str]) -> None:
    assert len(told(":".join(parts))) <= 1
