"""Which texts are policies of a function, a version or an alias. docs/contract/api.md#policies."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_emu.model.policies.document import check_document, names
from lambda_emu.model.policies.refusals import PolicyDocumentInvalid, PrincipalInvalid

ARN = "arn:aws:lambda:us-east-1:123456789012:function:f"
STATEMENT = {"Effect": "Allow", "Principal": "*", "Action": "lambda:InvokeFunction", "Resource": ARN}


def document(*statements: Any, **members: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements) or [STATEMENT]} | members)


@pytest.mark.parametrize(
    "text",
    [
        document(),
        document(Id="mine", Version="2008-10-17"),
        document(Statement=STATEMENT),
        json.dumps({"Statement": STATEMENT}),
        document(STATEMENT | {"Sid": "a"}, STATEMENT | {"Sid": "b"}, STATEMENT, STATEMENT),
        document(STATEMENT | {"Effect": "Deny", "Action": ["lambda:Get*", "*"], "Resource": [ARN, f"{ARN}:*"]}),
        document(STATEMENT | {"Principal": {"AWS": ["999999999999", "*"], "Service": "s3.amazonaws.com"}}),
        document(STATEMENT | {"Condition": {"IpAddress": {"aws:SourceIp": ["192.0.2.0"]}, "Bool": {"x": True}}}),
        document({"Effect": "Deny", "NotPrincipal": "*", "NotAction": "lambda:X", "NotResource": f"{ARN}:1"}),
    ],
)
def test_what_the_grammar_of_iam_allows_is_a_policy(text: str) -> None:
    check_document(text, ARN)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("{", "it is not JSON"),
        ('{"Version": NaN}', "it is not JSON"),
        ("[" * 20_000, "it is not JSON"),
        (r'{"Id": "\ud800"}', "it is not JSON"),
        ("[]", "it is not a JSON object"),
        ("{}", "Statement must be a statement or a list of them"),
        (document(Statement=[]), "Statement must be a statement or a list of them"),
        (document(Statement="x"), "each statement must be an object"),
        (document(Version="2012"), "Version must be one of 2012-10-17, 2008-10-17"),
        (document(Id=1), "Id must be a string"),
        (document(Statements=[]), "the document has members that no policy has: Statements"),
        (document(STATEMENT | {"Actions": "*"}), "a statement has members that no policy has: Actions"),
        (document(STATEMENT | {"Sid": 1}), "Sid must be a string"),
        (document(STATEMENT | {"Sid": "a"}, STATEMENT | {"Sid": "a"}), "each Sid must be unique"),
        (document(STATEMENT | {"Effect": "allow"}), "Effect must be one of Allow, Deny"),
        (document({"Effect": "Allow"}), "a statement must have Principal or NotPrincipal"),
        (document(STATEMENT | {"NotAction": "*"}), "a statement must have Action or NotAction"),
        (document(STATEMENT | {"Principal": "s3.amazonaws.com"}), "Principal must be * or an object"),
        (document(STATEMENT | {"Principal": {}}), "Principal must be * or an object"),
        (document(STATEMENT | {"Principal": {"Federated": "x"}}), "Principal may have AWS and Service"),
        (document(STATEMENT | {"Action": []}), "Action must not be empty"),
        (document(STATEMENT | {"Action": "s3:GetObject"}), "Action has an invalid value"),
        (document(STATEMENT | {"Action": [{}]}), "Action has an invalid value"),
        (document(STATEMENT | {"Resource": f"{ARN}2"}), "Resource has an invalid value"),
        (document(STATEMENT | {"Condition": []}), "Condition must be an object"),
        (document(STATEMENT | {"Condition": {"Bool": "x"}}), "an operator of a Condition must have an object"),
        (
            document(STATEMENT | {"Condition": {"Bool": {"x": {}}}}),
            "the values of a Condition must be strings, numbers or booleans",
        ),
    ],
)
def test_what_is_wrong_with_a_document_is_said(text: str, what: str) -> None:
    with pytest.raises(PolicyDocumentInvalid) as refused:
        check_document(text, ARN)

    assert refused.value.text == f"The policy document is invalid: {what}."


@pytest.mark.parametrize(
    "principal", [{"AWS": "s3.amazonaws.com"}, {"AWS": []}, {"Service": "*"}, {"AWS": ["999999999999", 1]}]
)
def test_a_principal_in_a_document_has_the_text_of_any_other(principal: Any) -> None:
    with pytest.raises(PrincipalInvalid):
        check_document(document(STATEMENT | {"Principal": principal}), ARN)


@pytest.mark.parametrize(
    ("pattern", "arn", "named"),
    [
        (ARN, ARN, True),
        ("*", ARN, True),
        (f"{ARN}:*", ARN, True),
        (f"{ARN}:live", ARN, True),
        (ARN.replace(":f", ":?"), ARN, True),
        ("arn:aws:lambda:*:123456789012:function:f", ARN, True),
        (f"{ARN}[x]", ARN, False),
        (f"{ARN}g", ARN, False),
        (ARN, f"{ARN}:live", False),
        (f"{ARN}:*", f"{ARN}:live", True),
        (f"{ARN}:live", f"{ARN}:live", True),
        (f"{ARN}:other", f"{ARN}:live", False),
    ],
)
def test_a_statement_is_about_the_resource_or_parts_of_it(pattern: str, arn: str, named: bool) -> None:
    assert names(pattern, arn) == named


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text() | st.sampled_from(["Allow", "*", ARN]),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["Statement", "Version", "Sid", *STATEMENT, "Condition"]), inner)
        ),
    )
)
def test_no_json_breaks_the_check(value: Any) -> None:
    with suppress(PolicyDocumentInvalid, PrincipalInvalid):
        check_document(json.dumps(value), ARN)


def test_many_wildcards_take_no_time() -> None:
    assert not names("a*" * 10_000, ARN)
