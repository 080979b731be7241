"""What the policy of a REST API says of who asks. docs/contract/events.md#authorizers-of-rest-apis."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from http_apis_rig import let_in
from own import OwnLam, own_emulator
from rest_rig import ECHO, REGION, RestApi
from services_rig import ACCOUNT, create_table, sdk
from test_rest_authorizers import said, signed

OTHER = "999999999999"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnLam]:
    with own_emulator(tmp_path_factory.mktemp("policies"), "process", account=ACCOUNT) as lam:
        yield lam


@pytest.fixture
def lam(shared: OwnLam) -> Iterator[OwnLam]:
    shared.create("echo", ECHO)
    let_in(shared, "echo")
    yield shared
    shared.close()


def statement(effect: str = "Allow", **more: Any) -> Mapping[str, Any]:
    return {"Effect": effect, "Principal": "*", "Action": "execute-api:Invoke", "Resource": "execute-api:/*", **more}


def with_policy(lam: OwnLam, *statements: Mapping[str, Any], **method: Any) -> RestApi:
    policy = document(*statements)
    api = RestApi(lam, policy=policy)
    api.proxy("GET /me", "echo", **method)
    api.proxy("GET /other", "echo", **method)
    api.deploy()
    return api


def refused(api: RestApi, path: str, end: str = "") -> tuple[int, Any]:
    resource = f"arn:aws:execute-api:{REGION}:********9012:{api.id}/dev/GET{path}"
    whose = "User: anonymous is not authorized to perform: execute-api:Invoke on resource"
    return 403, {"Message": f"{whose}: {resource}{end}"}


def test_who_is_not_allowed_is_refused_where_nobody_else_decides(lam: OwnLam) -> None:
    api = with_policy(lam, statement(Resource="execute-api:/dev/GET/me"))

    assert api.ask("/me").status == 200
    assert said(api.ask("/other")) == refused(api, "/other")


def test_a_deny_is_stronger_and_conditions_hold(lam: OwnLam) -> None:
    near = {"Condition": {"IpAddress": {"aws:SourceIp": "127.0.0.0/8"}}}
    api = with_policy(lam, statement(), statement("Deny", Resource="execute-api:/*/GET/me", **near))

    assert said(api.ask("/me")) == refused(api, "/me", " with an explicit deny")
    assert api.ask("/other").status == 200
    far = {"Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}}
    assert with_policy(lam, statement(), statement("Deny", **far)).ask("/me").status == 200


def test_a_policy_is_in_force_once_it_is_deployed(lam: OwnLam) -> None:
    api = with_policy(lam, statement())
    policy = document(statement("Deny"))
    operation = {"op": "replace", "path": "/policy", "value": policy}
    api.client.update_rest_api(restApiId=api.id, patchOperations=[operation])

    assert api.ask("/me").status == 200
    api.deploy()
    assert api.ask("/me").status == 403


def test_another_account_signs_and_the_policy_lets_it_in(lam: OwnLam) -> None:
    allowed = statement(Principal={"AWS": f"arn:aws:iam::{OTHER}:root"})
    api = with_policy(lam, allowed, authorizationType="AWS_IAM")

    assert signed(api, OTHER).status == 200
    assert signed(api, ACCOUNT).status == 200
    assert signed(api, "888888888888").status == 403
    denied = with_policy(lam, statement("Deny"), authorizationType="AWS_IAM")
    assert signed(denied, ACCOUNT).json["Message"].endswith("with an explicit deny")


def test_a_policy_that_cannot_be_read_lets_nobody_in(lam: OwnLam) -> None:
    api = RestApi(lam, policy="{not json")
    api.proxy("GET /me", "echo")
    api.deploy()

    assert api.ask("/me").status in (403, 500)


def test_an_integration_may_do_what_its_role_may(tmp_path: Path) -> None:
    environ = {"LAMBDA_EMU_ROOT_SECRET": "any"}
    with own_emulator(tmp_path, "process", environ, account=ACCOUNT, iam="enforce") as lam:
        iam = sdk(lam, "iam")
        trusted = {"Effect": "Allow", "Principal": {"Service": "apigateway.amazonaws.com"}, "Action": "sts:AssumeRole"}
        role = iam.create_role(RoleName="api", AssumeRolePolicyDocument=document(trusted))["Role"]["Arn"]
        create_table(sdk(lam, "dynamodb"), "things")
        api = RestApi(lam)
        put = {"TableName": "things", "Item": {"id": {"S": "7"}}}
        told = {
            "type": "AWS",
            "integrationHttpMethod": "POST",
            "credentials": role,
            "uri": f"arn:aws:apigateway:{REGION}:dynamodb:action/PutItem",
            "requestTemplates": {"application/json": json.dumps(put)},
        }
        named = api.method("POST /", told)
        api.answers(named)
        api.answers(named, "403", selectionPattern="4\\d\\d")
        api.deploy()

        assert api.ask("/", "{}", Content_Type="application/json").status == 403
        allowed = {"Effect": "Allow", "Action": "dynamodb:PutItem", "Resource": "*"}
        iam.put_role_policy(RoleName="api", PolicyName="puts", PolicyDocument=document(allowed))
        assert api.ask("/", "{}", Content_Type="application/json").status == 200


def document(*statements: Mapping[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def test_a_user_takes_what_his_policies_allow(tmp_path: Path) -> None:
    environ = {"LAMBDA_EMU_ROOT_SECRET": "any"}
    with own_emulator(tmp_path, "process", environ, account=ACCOUNT, iam="enforce") as lam:
        iam = sdk(lam, "iam")
        user = iam.create_user(UserName="ada")["User"]["Arn"]
        key = iam.create_access_key(UserName="ada")["AccessKey"]
        api = RestApi(lam)
        api.answers(api.mock("GET /me", authorizationType="AWS_IAM"))
        api.deploy()

        refused = signed(api, key["AccessKeyId"], key["SecretAccessKey"])
        arn = f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{api.id}/*/GET/me"
        allowed = {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": arn}
        iam.put_user_policy(UserName="ada", PolicyName="me", PolicyDocument=document(allowed))
        let_in = signed(api, key["AccessKeyId"], key["SecretAccessKey"])

    resource = f"arn:aws:execute-api:{REGION}:********9012:{api.id}/dev/GET/me"
    why = "because no identity-based policy allows the execute-api:Invoke action"
    text = f"User: {user} is not authorized to perform: execute-api:Invoke on resource: {resource} {why}"
    assert said(refused) == (403, {"Message": text})
    assert let_in.status == 200
