"""Resource policies of functions, versions and aliases, as boto3 sees them. docs/contract/api.md#policies."""

from __future__ import annotations

import base64
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from api_rig import ACCOUNT, ARN, ROLE, Api, refused, shown, signed, zipped

NOWHERE = "The resource you requested does not exist."
S3 = {"StatementId": "s3", "Action": "lambda:InvokeFunction", "Principal": "s3.amazonaws.com"}
DOCUMENT = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": {"Sid": "mine", "Effect": "Deny", "Principal": "*", "Action": "lambda:*", "Resource": f"{ARN}f"},
    },
    indent=2,
)


@pytest.fixture
def f(api: Api) -> Api:
    """A function f with version 1 and alias live."""
    api.created("f")
    api.client.publish_version(FunctionName="f")
    api.client.create_alias(FunctionName="f", Name="live", FunctionVersion="1")
    return api


def add(api: Api, name: str = "f", **members: Any) -> str:
    return api.client.add_permission(FunctionName=name, **S3 | members)["Statement"]


def policy(api: Api, name: str = "f") -> tuple[str, str]:
    """The document and its revision."""
    found = api.client.get_policy(FunctionName=name)
    return found["Policy"], found["RevisionId"]


def sids(api: Api, name: str = "f") -> list[str]:
    return [statement["Sid"] for statement in json.loads(policy(api, name)[0])["Statement"]]


def test_a_permission_is_answered_and_shown_as_the_same_text(f: Api) -> None:
    statement = add(f, SourceArn="arn:aws:s3:::bucket", SourceAccount="123456789012")

    document, _ = policy(f)

    assert document == f'{{"Version":"2012-10-17","Id":"default","Statement":[{statement}]}}'
    assert statement == (
        '{"Sid":"s3","Effect":"Allow","Principal":{"Service":"s3.amazonaws.com"},"Action":"lambda:InvokeFunction",'
        f'"Resource":"{ARN}f","Condition":{{"StringEquals":{{"AWS:SourceAccount":"123456789012"}},'
        '"ArnLike":{"AWS:SourceArn":"arn:aws:s3:::bucket"}}}'
    )


def test_the_function_its_versions_and_aliases_have_each_their_own(f: Api) -> None:
    resources = [json.loads(add(f, name))["Resource"] for name in ("f", "f:1", "f:live")]

    assert resources == [f"{ARN}f", f"{ARN}f:1", f"{ARN}f:live"]
    documents = [json.loads(policy(f, name)[0]) for name in ("f", "f:1", "f:live")]
    assert [document["Statement"][0]["Resource"] for document in documents] == resources
    assert len({policy(f, name)[1] for name in ("f", "f:1", "f:live")}) == 3


def test_statements_keep_the_order_of_their_addition(f: Api) -> None:
    for sid in ("b", "a", "c"):
        add(f, StatementId=sid)

    f.client.remove_permission(FunctionName="f", StatementId="a")
    add(f, StatementId="a")

    assert sids(f) == ["b", "c", "a"]


def test_a_policy_goes_with_its_last_statement(f: Api) -> None:
    add(f)

    f.client.remove_permission(FunctionName="f", StatementId="s3")

    with refused("ResourceNotFoundException", NOWHERE):
        policy(f)
    add(f)


def test_a_revision_is_the_policys_own_and_changes_with_it(f: Api) -> None:
    function = f.client.get_function_configuration(FunctionName="f")["RevisionId"]
    add(f)
    revisions = [policy(f)[1]]

    add(f, StatementId="2", RevisionId=revisions[-1])
    revisions.append(policy(f)[1])
    f.client.remove_permission(FunctionName="f", StatementId="2", RevisionId=revisions[-1])
    revisions.append(policy(f)[1])

    assert len({function, *revisions}) == 4
    with refused("PreconditionFailedException"):
        add(f, StatementId="3", RevisionId=revisions[0])
    assert f.client.get_function_configuration(FunctionName="f")["RevisionId"] == function


def test_the_first_permission_takes_the_revision_of_what_it_guards(f: Api) -> None:
    alias = f.client.get_alias(FunctionName="f", Name="live")["RevisionId"]
    add(f, "f:live", RevisionId=alias)
    for name in ("f", "f:1"):
        add(f, name, RevisionId=f.client.get_function_configuration(FunctionName=name)["RevisionId"])

    with refused("PreconditionFailedException"):
        add(f, "f:live", StatementId="2", RevisionId=alias)


def test_a_deleted_function_leaves_no_policy_to_its_successor(f: Api) -> None:
    add(f)

    f.client.delete_function(FunctionName="f")
    f.created("f")

    with refused("ResourceNotFoundException", NOWHERE):
        policy(f)


def test_a_deleted_alias_leaves_no_policy_to_its_successor(f: Api) -> None:
    add(f, "f:live")

    f.client.delete_alias(FunctionName="f", Name="live")
    f.client.create_alias(FunctionName="f", Name="live", FunctionVersion="1")

    with refused("ResourceNotFoundException", NOWHERE):
        policy(f, "f:live")


def test_a_policy_survives_a_restart(f: Api) -> None:
    add(f, "f:live", SourceArn="arn:aws:s3:::größe")
    before = policy(f, "f:live")

    with f.reopened() as store:
        function = store.functions.get(f.scope, "f")

    assert function is not None
    kept = function.policies["live"]
    assert (kept.document, kept.revision_id) == before


def test_of_many_writers_each_adds_its_statement(f: Api) -> None:
    wanted = [f"s{number}" for number in range(16)]

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda sid: add(f, StatementId=sid), wanted))

    assert sorted(sids(f)) == sorted(wanted)


def test_more_than_20_kb_are_refused(f: Api) -> None:
    add(f, SourceArn=f"arn:aws:s3:::{'x' * 9_000}")
    add(f, StatementId="2", SourceArn=f"arn:aws:s3:::{'x' * 9_000}")

    with refused("PolicyLengthExceededException"):
        add(f, StatementId="3", SourceArn=f"arn:aws:s3:::{'x' * 9_000}")
    assert sids(f) == ["s3", "2"]


def test_a_whole_document_is_kept_as_it_was_put(f: Api) -> None:
    add(f)

    put = shown(f.client.put_resource_policy(ResourceArn=f"{ARN}f", Policy=DOCUMENT))

    assert put["Policy"] == DOCUMENT
    assert shown(f.client.get_resource_policy(ResourceArn=f"{ARN}f")) == put
    assert shown(f.client.get_policy(FunctionName="f")) == put


def test_permissions_join_a_document_and_leave_it(f: Api) -> None:
    f.client.put_resource_policy(ResourceArn=f"{ARN}f", Policy=DOCUMENT)

    add(f)
    joined = sids(f)
    f.client.remove_permission(FunctionName="f", StatementId="mine")

    assert joined == ["mine", "s3"]
    assert sids(f) == ["s3"]


def test_a_document_is_replaced_and_deleted_by_its_revision(f: Api) -> None:
    def put(**members: Any) -> str:
        return f.client.put_resource_policy(ResourceArn=f"{ARN}f", Policy=DOCUMENT, **members)["RevisionId"]

    first = put()
    second = put(RevisionId=first)

    with refused("PreconditionFailedException"):
        f.client.delete_resource_policy(ResourceArn=f"{ARN}f", RevisionId=first)
    f.client.delete_resource_policy(ResourceArn=f"{ARN}f", RevisionId=second)
    with refused("ResourceNotFoundException", NOWHERE):
        f.client.get_resource_policy(ResourceArn=f"{ARN}f")


def test_a_document_that_is_refused_changes_nothing(f: Api) -> None:
    add(f)
    before = policy(f)

    with refused("InvalidParameterValueException"):
        f.client.put_resource_policy(ResourceArn=f"{ARN}f", Policy=DOCUMENT.replace(":f", ":g"))

    assert policy(f) == before


def test_success_of_removals_has_no_body(f: Api) -> None:
    add(f)
    add(f, "f:live")

    removed = f.send("DELETE /2015-03-31/functions/f/policy/s3")
    deleted = f.send(f"DELETE /2026-07-09/resource-policy/{ARN}f:live")

    assert (removed.status, removed.body) == (204, b"")
    assert (deleted.status, deleted.body) == (204, b"")


def test_another_partition_has_its_own_arns_and_principals(f: Api) -> None:
    china = {"Authorization": signed("any", "cn-north-1")}
    code = {"ZipFile": base64.b64encode(zipped({"app.py": ""})).decode()}
    function = {"FunctionName": "f", "Runtime": "python3.13", "Handler": "a.b", "Role": ROLE, "Code": code}
    f.send("POST /2015-03-31/functions", function, china)

    added = f.send("POST /2015-03-31/functions/f/policy", S3 | {"Principal": ACCOUNT}, china)

    statement = json.loads(added.json["Statement"])
    assert statement["Resource"] == f"arn:aws-cn:lambda:cn-north-1:{ACCOUNT}:function:f"
    assert statement["Principal"] == {"AWS": f"arn:aws-cn:iam::{ACCOUNT}:root"}
