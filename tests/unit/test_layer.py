"""The rules of layers, without a store."""

from __future__ import annotations

from typing import Any

import pytest

from lambda_emu.arn import LayerId, Scope, parse_layer_arn
from lambda_emu.model.function.function import Artifact
from lambda_emu.model.layers.layer import Layer, LayerVersion
from lambda_emu.model.policies.policy import add_statement

HERE = Scope("123456789012", "us-east-1")
VERSION = LayerVersion(0, Artifact("c2hh", 1, 2), "2026-01-01T00:00:00.000+0000")


def test_numbers_go_on_when_versions_go() -> None:
    layer = Layer("words").with_version(VERSION).with_version(VERSION).without_version(2).without_version(1)

    assert list(layer.with_version(VERSION).versions) == [3]


@pytest.mark.parametrize(
    ("runtimes", "architectures", "runtime", "architecture", "fits"),
    [
        (None, None, None, None, True),
        (None, None, "python3.13", None, False),  # what names nothing is found only without a filter
        ((), None, "python3.13", None, False),
        (("python3.13", "python3.14"), None, "python3.14", None, True),
        (("python3.13",), None, "python3.14", None, False),
        (("python3.13",), ("arm64",), "python3.13", "arm64", True),
        (("python3.13",), ("arm64",), "python3.13", "x86_64", False),
        (("python3.13",), None, "python3.13", "x86_64", False),
    ],
)
def test_a_version_fits_what_it_was_published_for(
    runtimes: Any, architectures: Any, runtime: str | None, architecture: str | None, fits: bool
) -> None:
    version = LayerVersion(1, VERSION.content, VERSION.created, runtimes=runtimes, architectures=architectures)

    assert version.fits(runtime, architecture) is fits


@pytest.mark.parametrize(
    ("principal", "condition", "shared"),
    [
        ("*", None, True),
        ({"AWS": "arn:aws:iam::210987654321:root"}, None, True),
        ({"AWS": "arn:aws:iam::210987654322:root"}, None, False),
        ({"AWS": "arn:aws:iam::123456789012:user/210987654321"}, None, False),
        ("*", {"StringEquals": {"aws:PrincipalOrgID": "o-1234567890"}}, False),
    ],
)
def test_a_policy_shares_a_version_with_whom_it_names(principal: Any, condition: Any, shared: bool) -> None:
    statement = {"Sid": "s", "Effect": "Allow", "Principal": principal, "Action": "lambda:GetLayerVersion"}
    policy = add_statement(None, statement | ({"Condition": condition} if condition else {}), "r")

    version = LayerVersion(1, VERSION.content, VERSION.created, policy=policy)

    assert version.shared_with("210987654321") is shared


def test_without_a_policy_nothing_is_shared() -> None:
    assert not VERSION.shared_with("210987654321")


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("arn:aws:lambda:us-east-1:123456789012:layer:words", None),
        ("arn:aws:lambda:us-east-1:123456789012:layer:words:12", 12),
    ],
)
def test_an_arn_names_a_layer_or_a_version_of_it(text: str, number: int | None) -> None:
    assert parse_layer_arn(text) == (LayerId(HERE, "words"), number)
    assert LayerId(HERE, "words").arn(number) == text


@pytest.mark.parametrize("text", ["words", "arn:aws:lambda:::awslayer:x", "arn:aws:lambda:us-east-1:1:layer:x"])
def test_what_is_no_layers_arn_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not the ARN of a layer"):
        parse_layer_arn(text)
