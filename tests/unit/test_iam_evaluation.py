"""What policies come to: who may do what, and in which words he is told that he may not."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any

import pytest

from lambda_emu.model.caller import ANONYMOUS, Caller, CallerKind, root_of
from lambda_emu.model.iam.documents import read_policy
from lambda_emu.model.iam.evaluation import Decision, Held, Policy, Question, decide
from lambda_emu.model.iam.refusals import refusal_text

OURS, THEIRS = "111111111111", "222222222222"
ALICE = Caller(CallerKind.USER, "AKIAALICE", OURS, f"arn:aws:iam::{OURS}:user/alice", "AIDAALICE")
ROLE = f"arn:aws:iam::{OURS}:role/worker"
SESSION_ARN = f"arn:aws:sts::{OURS}:assumed-role/worker/one"
SESSION = Caller(CallerKind.SESSION, "ASIAWORKER", OURS, SESSION_ARN, "AROAWORKER:one", ROLE)
QUEUE = f"arn:aws:sqs:us-east-1:{OURS}:jobs"
SEND = "sqs:SendMessage"
Statement = dict[str, Any]
ALLOW: Statement = {"Effect": "Allow", "Action": SEND, "Resource": QUEUE}
DENY: Statement = {"Effect": "Deny", "Action": "sqs:*", "Resource": "*"}


def policy(*statements: Statement, version: str = "2012-10-17") -> Policy:
    return Policy("p", json.dumps({"Version": version, "Statement": list(statements)}))


def let(principal: Any, **more: Any) -> Policy:
    return policy(ALLOW | {"Principal": principal} | more)


def ask(
    caller: Caller = ALICE,
    identity: tuple[Statement, ...] = (),
    resource: Policy | None = None,
    boundary: tuple[Statement, ...] | None = None,
    owner: str = OURS,
    action: str = SEND,
    arn: str = QUEUE,
    **context: Any,
) -> Decision:
    held = Held((policy(*identity),) if identity else (), None if boundary is None else policy(*boundary))
    told = {key.replace("_", ":", 1).lower(): value for key, value in context.items()}
    return decide(Question(caller, action, arn, owner, told), held, resource)


def narrowed(*statements: Statement) -> Caller:
    document = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
    return Caller(CallerKind.SESSION, "ASIA", OURS, SESSION_ARN, "AROAWORKER:one", ROLE, (document,))


@pytest.mark.parametrize(
    ("changes", "allowed"),
    [
        ({}, True),
        ({"Action": "sqs:*"}, True),
        ({"Action": "SQS:sendmessage"}, True),
        ({"Action": ["sqs:GetQueueUrl", "sqs:Send*"]}, True),
        ({"Action": "sqs:SendMessag?"}, True),
        ({"Action": "sqs:ReceiveMessage"}, False),
        ({"Action": "*"}, True),
        ({"Resource": "*"}, True),
        ({"Resource": "arn:aws:sqs:*:*:j*s"}, True),
        ({"Resource": "arn:aws:sqs:*:*:?obs"}, True),
        ({"Resource": QUEUE.upper()}, False),
        ({"Resource": f"{QUEUE}2"}, False),
        ({"Resource": [f"{QUEUE}2", QUEUE]}, True),
        ({"Effect": "Maybe"}, False),
    ],
)
def test_a_statement_is_about_actions_and_resources_that_it_names(changes: Statement, allowed: bool) -> None:
    assert ask(identity=(ALLOW | changes,)).allowed is allowed


def test_a_statement_may_name_what_it_is_not_about() -> None:
    but = {"Effect": "Allow", "NotAction": "sqs:Delete*", "NotResource": f"{QUEUE}-*"}

    assert ask(identity=(but,)).allowed
    assert not ask(identity=(but,), action="sqs:DeleteQueue").allowed
    assert not ask(identity=(but,), arn=f"{QUEUE}-secret").allowed


def test_the_root_user_may_all_but_what_a_resource_denies() -> None:
    assert ask(root_of(OURS, OURS)).allowed
    assert not ask(root_of(OURS, OURS), resource=policy(DENY | {"Principal": "*"})).allowed
    assert not ask(root_of(THEIRS, THEIRS)).allowed


@pytest.mark.parametrize(
    ("principal", "alone", "with_identity"),
    [
        ("*", True, True),
        ({"AWS": "*"}, True, True),
        ({"AWS": ALICE.arn}, True, True),
        ({"AWS": ["AIDAALICE"]}, True, True),
        ({"AWS": OURS}, False, True),
        ({"AWS": f"arn:aws:iam::{OURS}:root"}, False, True),
        ({"AWS": f"arn:aws:iam::{OURS}:user/bob"}, False, True),
        ({"Service": "sns.amazonaws.com"}, False, True),
    ],
)
def test_in_one_account_either_side_is_enough(principal: Any, alone: bool, with_identity: bool) -> None:
    assert ask(resource=let(principal)).allowed is alone
    assert ask(resource=let(principal), identity=(ALLOW,)).allowed is with_identity


@pytest.mark.parametrize("principal", ["*", {"AWS": OURS}, {"AWS": ALICE.arn}])
def test_between_accounts_both_sides_are_needed(principal: Any) -> None:
    assert not ask(resource=let(principal), owner=THEIRS).allowed
    assert not ask(identity=(ALLOW,), owner=THEIRS).allowed
    assert ask(identity=(ALLOW,), resource=let(principal), owner=THEIRS).allowed


@pytest.mark.parametrize(
    "denying",
    [
        {"identity": (ALLOW, DENY)},
        {"resource": policy(DENY | {"Principal": {"AWS": OURS}})},
        {"resource": policy(DENY | {"NotPrincipal": {"AWS": THEIRS}})},
        {"boundary": (ALLOW, DENY)},
    ],
)
def test_a_deny_goes_before_every_allow(denying: Mapping[str, Any]) -> None:
    decision = ask(**{"identity": (ALLOW,)} | dict(denying))

    assert (decision.allowed, decision.denied) == (False, True)


def test_what_is_named_by_not_principal_is_not_denied() -> None:
    assert ask(identity=(ALLOW,), resource=policy(DENY | {"NotPrincipal": {"AWS": ALICE.arn}})).allowed


def test_a_boundary_narrows_what_policies_of_the_identity_allow_and_not_what_a_resource_gives_the_user() -> None:
    assert ask(identity=(ALLOW,), boundary=(ALLOW,)).allowed
    assert not ask(identity=(ALLOW,), boundary=(ALLOW | {"Action": "s3:*"},)).allowed
    assert not ask(boundary=(ALLOW,)).allowed
    assert ask(boundary=(), resource=let({"AWS": ALICE.arn})).allowed
    assert not ask(SESSION, boundary=(), resource=let({"AWS": ROLE})).allowed


def test_a_session_is_narrowed_by_its_policies() -> None:
    other = ALLOW | {"Action": "s3:*"}

    assert ask(SESSION, identity=(ALLOW,)).allowed
    assert ask(narrowed(ALLOW), identity=(ALLOW,)).allowed
    assert not ask(narrowed(other), identity=(ALLOW,)).allowed
    assert not ask(narrowed(ALLOW), identity=(other,)).allowed
    assert not ask(narrowed(ALLOW, DENY), identity=(ALLOW,)).allowed
    assert not ask(narrowed(other), resource=let({"AWS": ROLE})).allowed
    assert ask(narrowed(other), resource=let({"AWS": SESSION_ARN})).allowed
    assert ask(narrowed(ALLOW), resource=let({"AWS": ROLE})).allowed
    assert ask(narrowed(ALLOW), resource=let({"AWS": "AROAWORKER"})).allowed


def test_who_signs_nothing_may_what_everybody_may() -> None:
    assert ask(ANONYMOUS, resource=let("*")).allowed
    assert not ask(ANONYMOUS, resource=let({"AWS": OURS})).allowed
    assert not ask(ANONYMOUS).allowed


def test_a_service_may_what_names_it() -> None:
    topic = Caller(CallerKind.SERVICE, "", "", "sns.amazonaws.com", "")
    condition = {"ArnLike": {"aws:SourceArn": "arn:aws:sns:*:*:t*"}}

    assert ask(topic, resource=let({"Service": "sns.amazonaws.com"})).allowed
    assert not ask(topic, resource=let({"Service": "s3.amazonaws.com"})).allowed
    conditional = let({"Service": "sns.amazonaws.com"}, Condition=condition)
    assert ask(topic, resource=conditional, aws_SourceArn="arn:aws:sns:us-east-1:111111111111:topic").allowed
    assert not ask(topic, resource=conditional).allowed


AT = "2026-11-27T12:00:00Z"
CONDITIONS = [
    ("StringEquals", "a", "a", True),
    ("StringEquals", ["b", "a"], "a", True),
    ("StringEquals", "A", "a", False),
    ("StringEquals", "*", "a", False),
    ("StringEquals", "a", None, False),
    ("StringNotEquals", "a", "b", True),
    ("StringNotEquals", ["a", "b"], "b", False),
    ("StringNotEquals", "a", None, True),
    ("StringEqualsIgnoreCase", "A", "a", True),
    ("StringNotEqualsIgnoreCase", "A", "a", False),
    ("StringLike", "a*c", "abbc", True),
    ("StringLike", "a?c", "abbc", False),
    ("StringLike", "a${*}c", "abc", False),
    ("StringLike", "a${*}c", "a*c", True),
    ("StringNotLike", "a*", "abc", False),
    ("StringEqualsIfExists", "a", None, True),
    ("StringEqualsIfExists", "a", "b", False),
    ("NumericEquals", "10", "10.0", True),
    ("NumericNotEquals", 10, "11", True),
    ("NumericLessThan", "10", "9", True),
    ("NumericLessThan", "10", "10", False),
    ("NumericLessThanEquals", 10, "10", True),
    ("NumericGreaterThan", "10", "nine", False),
    ("NumericGreaterThanEquals", "10", "10", True),
    ("DateEquals", AT, "1795780800", True),
    ("DateLessThan", "2026-11-27T13:00:00+00:00", AT, True),
    ("DateGreaterThan", AT, "2026-11-27T11:59:59Z", False),
    ("DateLessThanEquals", 1795780800, AT, True),
    ("DateNotEquals", "no date", AT, True),
    ("Bool", "true", "true", True),
    ("Bool", False, "true", False),
    ("BinaryEquals", "QmluYXJ5", "QmluYXJ5", True),
    ("IpAddress", "203.0.113.0/24", "203.0.113.9", True),
    ("IpAddress", ["10.0.0.0/8", "2001:db8::/32"], "2001:db8::1", True),
    ("IpAddress", "203.0.113.9", "203.0.113.8", False),
    ("NotIpAddress", "203.0.113.0/24", "203.0.114.1", True),
    ("NotIpAddress", "203.0.113.0/24", "no address", True),
    ("ArnLike", "arn:aws:s3:::b*", "arn:aws:s3:::bucket", True),
    ("ArnEquals", "arn:aws:sns:*:1*:t", "arn:aws:sns:eu-west-1:111111111111:t", True),
    ("ArnLike", "arn:aws:sns:*:t", "arn:aws:sns:eu-west-1:111111111111:t", True),
    ("ArnLike", "arn:aws:sns:*:*:*:*", "arn:aws:sns:eu-west-1:1:t", False),
    ("ArnNotLike", "arn:aws:s3:::b*", "arn:aws:s3:::bucket", False),
    ("Null", "true", None, True),
    ("Null", "true", "a", False),
    ("Null", False, "a", True),
    ("ForAllValues:StringEquals", ["a", "b"], ("a", "b"), True),
    ("ForAllValues:StringEquals", ["a", "b"], ("a", "c"), False),
    ("ForAllValues:StringEquals", ["a", "b"], None, True),
    ("ForAllValues:StringNotEquals", ["a", "b"], ("c", "d"), True),
    ("ForAllValues:StringNotEquals", ["a", "b"], ("a", "d"), False),
    ("ForAnyValue:StringEquals", ["a", "b"], ("c", "b"), True),
    ("ForAnyValue:StringEquals", ["a", "b"], ("c",), False),
    ("ForAnyValue:StringEquals", ["a"], None, False),
    ("ForAnyValue:StringLike", ["a*"], ("c", "ab"), True),
    ("ForAnyValue:StringNotEquals", ["a"], ("a", "b"), True),
    ("StringAbout", "a", "a", False),
]


@pytest.mark.parametrize(("operator", "wanted", "told", "holds"), CONDITIONS)
def test_an_operator_holds_as_it_does_on_aws(operator: str, wanted: Any, told: Any, holds: bool) -> None:
    allow = ALLOW | {"Condition": {operator: {"aws:Key": wanted}}}
    context: dict[str, Any] = {} if told is None else {"aws_Key": told}

    assert ask(identity=(allow,), **context).allowed is holds
    is_known = operator != "StringAbout"
    deny = DENY | {"Condition": {operator: {"aws:Key": wanted}}}
    assert ask(identity=(ALLOW, deny), **context).allowed is (is_known and not holds)


def test_all_of_a_condition_has_to_hold() -> None:
    both = {"StringEquals": {"aws:A": "1", "aws:B": "2"}, "Bool": {"aws:C": "true"}}
    allow = ALLOW | {"Condition": both}

    assert ask(identity=(allow,), aws_A="1", aws_B="2", aws_C="true").allowed
    assert not ask(identity=(allow,), aws_A="1", aws_B="2", aws_C="false").allowed
    assert not ask(identity=(allow,), aws_A="1", aws_C="true").allowed


@pytest.mark.parametrize(
    ("resource", "arn", "allowed"),
    [
        ("arn:aws:s3:::b/${aws:username}/*", "arn:aws:s3:::b/alice/x", True),
        ("arn:aws:s3:::b/${aws:username}/*", "arn:aws:s3:::b/bob/x", False),
        ("arn:aws:s3:::b/${AWS:UserName}/*", "arn:aws:s3:::b/alice/x", True),
        ("arn:aws:s3:::b/${aws:PrincipalTag/team}/*", "arn:aws:s3:::b/x/y", False),
        ("arn:aws:s3:::b/${aws:PrincipalTag/team, 'all'}/*", "arn:aws:s3:::b/all/y", True),
        ("arn:aws:s3:::b/${aws:star}/x", "arn:aws:s3:::b/anything/x", False),
        ("arn:aws:s3:::b/${aws:star}/x", "arn:aws:s3:::b/*/x", True),
        ("arn:aws:s3:::b/${$}{x", "arn:aws:s3:::b/${x", True),
        ("arn:aws:s3:::b/${", "arn:aws:s3:::b/${", True),
    ],
)
def test_variables_stand_for_what_the_request_has(resource: str, arn: str, allowed: bool) -> None:
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": resource}

    decision = ask(identity=(statement,), action="s3:GetObject", arn=arn, aws_username="alice", aws_star="*")

    assert decision.allowed is allowed


def test_a_policy_of_2008_has_no_variables() -> None:
    statement = {"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::${aws:username}"}
    held = Held((policy(statement, version="2008-10-17"),))

    for arn, allowed in (("arn:aws:s3:::alice", False), ("arn:aws:s3:::${aws:username}", True)):
        asked = Question(ALICE, "s3:ListBucket", arn, OURS, {"aws:username": "alice"})
        assert decide(asked, held).allowed is allowed


@pytest.mark.parametrize(
    ("decision", "text"),
    [
        (ask(), "because no identity-based policy allows the sqs:SendMessage action"),
        (ask(identity=(DENY,)), "with an explicit deny in an identity-based policy"),
        (ask(resource=policy(DENY | {"Principal": "*"})), "with an explicit deny in a resource-based policy"),
        (ask(identity=(ALLOW,), boundary=()), "because no permissions boundary allows the sqs:SendMessage action"),
        (
            ask(narrowed(ALLOW | {"Action": "s3:*"}), identity=(ALLOW,)),
            "because no session policy allows the sqs:SendMessage action",
        ),
        (ask(identity=(ALLOW,), owner=THEIRS), "because no resource-based policy allows the sqs:SendMessage action"),
    ],
)
def test_a_refusal_says_which_policy_it_was(decision: Decision, text: str) -> None:
    asked = Question(ALICE, SEND, QUEUE, OURS)

    who, what = f"User: arn:aws:iam::{OURS}:user/alice", f"sqs:SendMessage on resource: {QUEUE}"
    assert refusal_text(asked, decision) == f"{who} is not authorized to perform: {what} {text}"


def test_a_decision_says_whether_another_request_may_be_decided_otherwise() -> None:
    assert not ask(identity=(ALLOW, DENY | {"Action": "s3:*"})).is_open
    assert ask(identity=(ALLOW | {"Condition": {"Bool": {"aws:SecureTransport": "true"}}},)).is_open
    assert ask(identity=(ALLOW | {"Resource": "arn:aws:sqs:*:*:${aws:username}"},)).is_open


NO_POLICIES = ["", "{", "[]", "null", '{"Statement": 1}', '{"Statement": [[]]}', "[" * 5000, '{"Id": "' + "x" * 70_000]


@pytest.mark.parametrize("text", NO_POLICIES)
def test_what_is_no_policy_allows_nothing(text: str) -> None:
    assert not decide(Question(ALICE, SEND, QUEUE, OURS), Held((Policy("p", text),))).allowed


STARS = ["*a" * 5_000, "*" + "a?" * 900 + "b", "*" * 10_000, "*?" * 5_000 + "b"]


@pytest.mark.parametrize("pattern", [*STARS, "a?" * 5_000, "${" * 5_000, "${a" + " " * 9_000])
def test_hostile_patterns_cost_little(pattern: str) -> None:
    statement: Statement = {"Effect": "Allow", "Action": pattern, "Resource": [pattern, f"*{pattern}"]}
    statement["Condition"] = {"StringLike": {"aws:Key": pattern}, "ArnLike": {"aws:Key": f"a:b:c:d:e:{pattern}"}}
    begun_s = time.process_time()

    ask(identity=(statement | {"Action": "*"}, statement), arn="a" * 2048, aws_Key="a:b:c:d:e:" + "a" * 2000)

    assert time.process_time() - begun_s < 2


@pytest.mark.parametrize(
    ("named", "of_group", "of_stream"),
    [
        ("log-group:g", True, False),
        ("log-group:g:*", True, True),
        ("log-group:g:log-stream:s", False, True),
        ("log-group:other", False, False),
    ],
)
def test_a_log_group_is_named_with_and_without_its_streams(named: str, of_group: bool, of_stream: bool) -> None:
    text = json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": {"Effect": "Allow", "Action": "logs:*", "Resource": f"arn:aws:logs:r:1:{named}"},
        }
    )

    [statement] = read_policy(text)

    group = "arn:aws:logs:r:1:log-group:g:log-stream:"
    assert statement.is_about("logs:deleteloggroup", group, {}) is of_group
    assert statement.is_about("logs:putlogevents", f"{group}s", {}) is of_stream
