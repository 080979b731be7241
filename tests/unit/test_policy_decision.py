"""Whom a resource policy lets in."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lambda_emu.model.policies.decision import allows
from lambda_emu.model.policies.policy import Policy

ARN = "arn:aws:lambda:us-east-1:123456789012:function:f"
OTHER, THIRD = "210987654321", "333333333333"
ROOT = f"arn:aws:iam::{OTHER}:root"
INVOKE = "lambda:InvokeFunction"
GRANT: dict[str, Any] = {"Effect": "Allow", "Principal": {"AWS": ROOT}, "Action": INVOKE, "Resource": ARN}
WITH_CONDITION = {"Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1234567890"}}}


def decide(*statements: dict[str, Any], account: str = OTHER, action: str = INVOKE, **context: str) -> bool:
    document = {"Version": "2012-10-17", "Statement": list(statements)}
    told = {f"aws:{key}": value for key, value in context.items()}
    return allows(Policy("revision", json.dumps(document)), account, action, ARN, told)


@pytest.mark.parametrize(
    ("changes", "allowed"),
    [
        ({}, True),
        ({"Principal": "*"}, True),
        ({"Principal": {"AWS": "*"}}, True),
        ({"Principal": {"AWS": OTHER}}, True),
        ({"Principal": {"AWS": [f"arn:aws:iam::{THIRD}:root", f"arn:aws:iam::{OTHER}:role/any"]}}, True),
        ({"Principal": {"AWS": f"arn:aws:iam::{THIRD}:root"}}, False),
        ({"Principal": {"Service": "s3.amazonaws.com"}}, False),
        ({"Action": "lambda:*"}, True),
        ({"Action": ["lambda:GetFunction", "lambda:invoke*"]}, True),
        ({"Action": "lambda:GetFunction"}, False),
        ({"Resource": "arn:aws:lambda:*:*:function:*"}, True),
        ({"Resource": f"{ARN}x"}, False),
        (WITH_CONDITION, False),
        ({"Effect": "Deny"}, False),
    ],
)
def test_a_statement_lets_in_whom_it_names_to_do_what_it_names(changes: dict[str, Any], allowed: bool) -> None:
    assert decide(GRANT | changes) is allowed


def test_a_statement_may_name_whom_it_does_not_mean() -> None:
    but_third = {"Effect": "Allow", "NotPrincipal": {"AWS": THIRD}, "NotAction": "lambda:Delete*", "Resource": ARN}

    assert decide(but_third)
    assert not decide(but_third, account=THIRD)
    assert not decide(but_third, action="lambda:DeleteFunction")


@pytest.mark.parametrize("condition", [{}, WITH_CONDITION])
def test_a_deny_goes_before_every_allow(condition: dict[str, Any]) -> None:
    assert not decide(GRANT, GRANT | {"Effect": "Deny"} | condition)
    assert decide(GRANT, GRANT | {"Effect": "Deny", "Principal": {"AWS": THIRD}} | condition)


def test_no_statement_allows_nothing() -> None:
    assert not decide()


BUCKET = "arn:aws:s3:::bucket"
OF_BUCKET = {
    "Condition": {"ArnLike": {"AWS:SourceArn": "arn:aws:s3:::b*"}, "StringEquals": {"AWS:SourceAccount": OTHER}}
}


@pytest.mark.parametrize(
    ("changes", "context", "allowed"),
    [
        ({}, {}, True),
        ({"Principal": "*"}, {}, True),
        ({"Principal": {"AWS": "*"}}, {}, False),
        ({"Principal": {"Service": ["events.amazonaws.com", "s3.amazonaws.com"]}}, {}, True),
        ({"Principal": {"Service": "events.amazonaws.com"}}, {}, False),
        (OF_BUCKET, {"SourceArn": BUCKET, "SourceAccount": OTHER}, True),
        (OF_BUCKET, {"SourceArn": BUCKET, "SourceAccount": THIRD}, False),
        (OF_BUCKET, {"SourceArn": "arn:aws:s3:::other", "SourceAccount": OTHER}, False),
        (OF_BUCKET, {"SourceArn": BUCKET}, False),  # of whom, nobody told
        ({"Condition": {"StringEquals": {"aws:SourceAccount": [THIRD, OTHER]}}}, {"SourceAccount": OTHER}, True),
        ({"Condition": {"Bool": {"aws:SecureTransport": True}}}, {"SecureTransport": "true"}, True),
        ({"Condition": {"DateLessThan": {"aws:SourceAccount": OTHER}}}, {"SourceAccount": OTHER}, False),  # not built
    ],
)
def test_a_service_is_let_in_by_its_name_for_what_it_comes_from(
    changes: dict[str, Any], context: dict[str, str], allowed: bool
) -> None:
    granted = GRANT | {"Principal": {"Service": "s3.amazonaws.com"}} | changes

    assert decide(granted, account="s3.amazonaws.com", **context) is allowed


@pytest.mark.parametrize(
    ("source", "allowed"),
    [({"SourceArn": BUCKET, "SourceAccount": OTHER}, False), ({}, False), ({"SourceArn": ARN}, True)],
)
def test_a_deny_denies_unless_its_condition_is_known_not_to_hold(source: dict[str, str], allowed: bool) -> None:
    assert decide(GRANT, GRANT | {"Effect": "Deny"} | OF_BUCKET, **source) is allowed
