"""What a permission becomes, and that a policy is the sum of what was added and removed.

docs/contract/api.md#policies.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from lambda_emu.errors.base import LambdaError
from lambda_emu.model.policies.policy import Policy, add_statement, check_new, compact, new_policy, remove_statement
from lambda_emu.model.policies.refusals import PolicyTooLong, PrincipalInvalid
from lambda_emu.model.policies.statements import check_permission, statement_of

ARN = "arn:aws:lambda:us-east-1:123456789012:function:f"
PLAIN = {"StatementId": "s", "Action": "lambda:InvokeFunction", "Principal": "s3.amazonaws.com"}
EVERY_CONDITION = {
    "PrincipalOrgID": "o-1234567890",
    "InvokedViaFunctionUrl": True,
    "FunctionUrlAuthType": "NONE",
    "EventSourceToken": "token",
    "SourceArn": "arn:aws:s3:::bucket",
    "SourceAccount": "123456789012",
}
NOT_RECORDED = {"InvokedViaFunctionUrl", "EventSourceToken"}  # together with others


@pytest.mark.parametrize(
    ("arn", "principal", "shown"),
    [
        (ARN, "*", "*"),
        (ARN, "s3.amazonaws.com", {"Service": "s3.amazonaws.com"}),
        (ARN, "logs.eu-west-1.amazonaws.com", {"Service": "logs.eu-west-1.amazonaws.com"}),
        (ARN, "alexa-appkit.amazon.com", {"Service": "alexa-appkit.amazon.com"}),
        (ARN, "999999999999", {"AWS": "arn:aws:iam::999999999999:root"}),
        (ARN, "arn:aws:iam::999999999999:root", {"AWS": "arn:aws:iam::999999999999:root"}),
        (ARN, "arn:aws:iam::999999999999:role/path/r", {"AWS": "arn:aws:iam::999999999999:role/path/r"}),
        (ARN, "arn:aws:iam::999999999999:user/u@x", {"AWS": "arn:aws:iam::999999999999:user/u@x"}),
        (ARN, "arn:aws:sts::999999999999:assumed-role/r/s", {"AWS": "arn:aws:sts::999999999999:assumed-role/r/s"}),
        ("arn:aws-cn:lambda:cn-north-1:1:function:f", "999999999999", {"AWS": "arn:aws-cn:iam::999999999999:root"}),
        ("arn:aws-cn:lambda:cn-north-1:1:function:f", "s3.amazonaws.com.cn", {"Service": "s3.amazonaws.com.cn"}),
    ],
)
def test_a_principal_is_shown_by_its_kind(arn: str, principal: str, shown: Any) -> None:
    assert statement_of(PLAIN | {"Principal": principal}, arn)["Principal"] == shown


@pytest.mark.parametrize(
    "principal",
    [
        "invalid.nonaws.com",
        "s3",
        "amazonaws.com",
        "99999999999",
        "arn:aws:iam::999999999999:group/g",
        "arn:aws:iam::999999999999:role/",
        "arn:aws:iam::999999999999:role/*",
        "arn:aws:iam:us-east-1:999999999999:root",
        "arn:aws-cn:iam::999999999999:root",
        "arn:aws:s3:::bucket",
        "**",
    ],
)
def test_what_is_no_principal_is_refused(principal: str) -> None:
    with pytest.raises(PrincipalInvalid):
        statement_of(PLAIN | {"Principal": principal}, ARN)


def test_members_and_conditions_have_their_order() -> None:
    statement = compact(statement_of(EVERY_CONDITION | PLAIN, f"{ARN}:live"))

    assert statement == (
        '{"Sid":"s","Effect":"Allow","Principal":{"Service":"s3.amazonaws.com"},"Action":"lambda:InvokeFunction",'
        f'"Resource":"{ARN}:live","Condition":{{"StringEquals":{{"lambda:EventSourceToken":"token",'
        '"AWS:SourceAccount":"123456789012","lambda:FunctionUrlAuthType":"NONE","aws:PrincipalOrgID":"o-1234567890"},'
        '"Bool":{"lambda:InvokedViaFunctionUrl":"true"},"ArnLike":{"AWS:SourceArn":"arn:aws:s3:::bucket"}}}'
    )


def test_conditions_have_the_recorded_order() -> None:
    request = {name: value for name, value in EVERY_CONDITION.items() if name not in NOT_RECORDED} | PLAIN

    conditions = statement_of(request, ARN)["Condition"]

    assert [(operator, list(keys)) for operator, keys in conditions.items()] == [
        ("StringEquals", ["AWS:SourceAccount", "lambda:FunctionUrlAuthType", "aws:PrincipalOrgID"]),
        ("ArnLike", ["AWS:SourceArn"]),
    ]


@pytest.mark.parametrize(
    ("members", "text"),
    [
        ({"FunctionUrlAuthType": "NONE"}, "FunctionUrlAuthType is only supported for lambda:InvokeFunctionUrl action"),
        (
            {"Action": "lambda:InvokeFunctionUrl", "InvokedViaFunctionUrl": True},
            "InvokedViaFunctionUrl is only supported for lambda:InvokeFunction action",
        ),
        (
            {"EventSourceToken": "t", "SourceArn": "arn:aws:s3:::b"},
            "EventSourceToken cannot be used together with SourceArn or SourceAccount.",
        ),
    ],
)
def test_members_that_do_not_go_together_are_refused(members: dict[str, Any], text: str) -> None:
    with pytest.raises(LambdaError) as refused:
        check_permission(PLAIN | members)

    assert refused.value.text == text


def test_the_first_statement_brings_the_document() -> None:
    policy = add_statement(None, {"Sid": "s"}, "r")

    assert policy == Policy("r", '{"Version":"2012-10-17","Id":"default","Statement":[{"Sid":"s"}]}')


def test_a_statement_joins_a_document_of_ones_own() -> None:
    single = Policy("r1", '{ "Statement": {"Sid": "mine"}, "Version": "2008-10-17" }')

    policy = add_statement(single, {"Sid": "s"}, "r2")

    assert policy.document == '{"Statement":[{"Sid":"mine"},{"Sid":"s"}],"Version":"2008-10-17"}'


def test_a_policy_has_at_most_20_kb_counted_in_bytes() -> None:
    most = "é" * ((20_480 - len(add_statement(None, {"Sid": ""}, "r").document)) // 2)
    fits = add_statement(None, {"Sid": most}, "r")

    with pytest.raises(PolicyTooLong) as refused:
        add_statement(None, {"Sid": most + "é"}, "r")

    size_bytes = len(fits.document.encode()) + 2
    assert refused.value.text == f"The final policy size ({size_bytes}) is bigger than the limit (20480)."
    assert size_bytes in (20_481, 20_482)


class PolicyAsList(RuleBasedStateMachine):
    """Whatever is added, removed and replaced: the document has what a list of statements would have."""

    def __init__(self) -> None:
        super().__init__()
        self.policy: Policy | None = None
        self.expected: list[dict[str, Any]] = []

    @rule(sid=st.sampled_from("abcd"), principal=st.sampled_from(["*", "999999999999", "sns.amazonaws.com"]))
    def add(self, sid: str, principal: str) -> None:
        statement = dict(statement_of(PLAIN | {"StatementId": sid, "Principal": principal}, ARN))
        try:
            check_new(self.policy, sid)
        except LambdaError:
            assert sid in [known["Sid"] for known in self.expected]
        else:
            self.policy = add_statement(self.policy, statement, "r")
            self.expected.append(statement)

    @rule(sid=st.sampled_from("abcd"))
    def remove(self, sid: str) -> None:
        left = [statement for statement in self.expected if statement["Sid"] != sid]
        try:
            self.policy = remove_statement(self.policy, sid, "r")
        except LambdaError:
            assert left == self.expected
        self.expected = left

    @rule(sids=st.lists(st.sampled_from("abcd"), unique=True, min_size=1), indent=st.sampled_from([None, 2]))
    def replace(self, sids: list[str], indent: int | None) -> None:
        self.expected = [{"Sid": sid, "Effect": "Deny"} for sid in sids]
        document = {"Version": "2012-10-17", "Id": "default", "Statement": self.expected}
        self.policy = new_policy(json.dumps(document, indent=indent), "r")

    @invariant()
    def shows_the_list(self) -> None:
        if self.policy is None:
            assert self.expected == []
        else:
            document = {"Version": "2012-10-17", "Id": "default", "Statement": self.expected}
            assert json.loads(self.policy.document) == document


test_a_policy_is_the_sum_of_its_changes = PolicyAsList.TestCase
