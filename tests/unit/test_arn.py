"""What a caller may write for a function, and what it means."""

from __future__ import annotations

import pytest

from lambda_emu.arn import FunctionId, Scope, parse_function_name, partition_of
from lambda_emu.errors.base import LambdaError
from lambda_emu.errors.resources import AccessDenied
from lambda_emu.model.function.names import QualifierMismatch, RegionUnreachable, resolve

ACCOUNT, REGION = "123456789012", "us-east-1"
ARN = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:"


@pytest.mark.parametrize(
    ("written", "name", "qualifier"),
    [
        ("f", "f", None),
        ("f:1", "f", "1"),
        ("f:$LATEST", "f", "$LATEST"),
        ("f:$LATEST.PUBLISHED", "f", "$LATEST.PUBLISHED"),
        ("function", "function", None),
        ("function:f", "f", None),
        ("function:f:live", "f", "live"),
        (f"{ACCOUNT}:function:f", "f", None),
        (f"{ACCOUNT}:function:f:live", "f", "live"),
        (f"{REGION}:{ACCOUNT}:function:f", "f", None),
        (ARN + "f", "f", None),
        (ARN + "f:live", "f", "live"),
        (ARN + "function", "function", None),
        (ARN.removesuffix(":"), "function", None),  # recorded: without a name it is that of the kind
        (f"{ACCOUNT}:function", "function", None),
        (f"arn::lambda:{REGION}:{ACCOUNT}:function:f", "f", None),  # the model lets the partition be left out
    ],
)
def test_every_form_of_a_name_means_its_function(written: str, name: str, qualifier: str | None) -> None:
    target = resolve(written, None, Scope(ACCOUNT, REGION))

    assert target.id == FunctionId(ACCOUNT, REGION, name)
    assert target.qualifier == qualifier


@pytest.mark.parametrize(
    "written",
    [
        f"arn:aws:lambda:{ACCOUNT}:function:f",
        f"arn:aws:lambda:{REGION}:function:f",
        "arn:aws:lambda:function:f",
        ARN + "f:1:2",
        "a:b:c",
        ":f",
        "f:",
    ],
)
def test_parts_of_an_arn_are_no_name(written: str) -> None:
    with pytest.raises(ValueError, match="not the name of a function"):
        parse_function_name(written)


@pytest.mark.parametrize(
    ("written", "qualifier", "arn"),
    [
        ("f", None, ARN + "f"),
        ("f", "$LATEST", ARN + "f:$LATEST"),
        ("f:$LATEST", None, ARN + "f:$LATEST"),
        ("f:live", "live", ARN + "f:live"),
    ],
)
def test_an_arn_is_qualified_as_the_caller_qualified_it(written: str, qualifier: str | None, arn: str) -> None:
    assert resolve(written, qualifier, Scope(ACCOUNT, REGION)).arn == arn


@pytest.mark.parametrize(
    ("written", "qualifier", "error", "text"),
    [
        (
            f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:f",
            None,
            RegionUnreachable,
            "Functions from 'eu-west-1' are not reachable in this region ('us-east-1')",
        ),
        (f"arn:aws:lambda:{REGION}:999999999999:function:f", None, AccessDenied, None),
        (
            "f:1",
            "2",
            QualifierMismatch,
            "The derived qualifier from the function name does not match the specified qualifier.",
        ),
    ],
)
def test_a_name_that_leads_elsewhere_is_refused(
    written: str, qualifier: str | None, error: type[LambdaError], text: str | None
) -> None:
    with pytest.raises(error) as refused:
        resolve(written, qualifier, Scope(ACCOUNT, REGION))

    assert refused.value.text == text


@pytest.mark.parametrize(
    ("region", "partition"),
    [("eu-west-1", "aws"), ("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov"), ("us-isob-east-1", "aws-iso-b")],
)
def test_a_region_knows_its_partition(region: str, partition: str) -> None:
    assert partition_of(region) == partition
