"""TestInvokeMethod and TestInvokeAuthorizer: what is not deployed yet is tried. docs/events.md#rest-apis."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError
from http_apis_rig import let_in
from own import OwnLam, own_emulator
from rest_rig import ECHO, RestApi, invoke_arn
from services_rig import ACCOUNT, sdk

JSON = "application/json"
GUARD = """
def handler(event, context):
    token = event["authorizationToken"]
    if token == "nobody":
        raise Exception("Unauthorized")
    statement = {"Action": "execute-api:Invoke", "Effect": token, "Resource": event["methodArn"]}
    return {"principalId": "ada", "policyDocument": {"Version": "2012-10-17", "Statement": [statement]}}
"""


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnLam]:
    with own_emulator(tmp_path_factory.mktemp("trials"), "process", account=ACCOUNT) as lam:
        for name, code in (("echo", ECHO), ("guard", GUARD)):
            lam.create(name, code)
            let_in(lam, name)
        yield lam


@pytest.fixture
def api(shared: OwnLam) -> RestApi:
    return RestApi(shared)


def test_a_method_is_tried_before_it_is_deployed(api: RestApi) -> None:
    named = api.proxy("GET /items/{id}", "echo")

    said = api.client.test_invoke_method(
        **named, pathWithQueryString="/items/7?a=1&a=2", headers={"X-A": "b"}, stageVariables={"v": "w"}
    )
    event = json.loads(said["body"])
    context = event["requestContext"]

    assert said["status"] == 200
    assert (event["resource"], event["path"], event["pathParameters"]) == ("/items/{id}", "/items/7", {"id": "7"})
    assert event["multiValueQueryStringParameters"] == {"a": ["1", "2"]}
    assert (event["headers"]["X-A"], event["stageVariables"]) == ("b", {"v": "w"})
    assert (context["stage"], context["path"]) == ("test-invoke-stage", "/items/7")
    assert (context["domainName"], context["domainPrefix"]) == ("testPrefix.testDomainName", "testPrefix")
    assert context["identity"]["sourceIp"] == "test-invoke-source-ip"
    assert context["identity"]["apiKey"] == "test-invoke-api-key"


def test_its_answer_has_status_body_headers_log_and_latency(api: RestApi) -> None:
    named = api.proxy("POST /", "echo")
    returned = {"statusCode": 201, "multiValueHeaders": {"X-A": ["1", "2"]}, "body": "made"}

    said = api.client.test_invoke_method(**named, body=repr(returned))

    lines = said["log"].splitlines()
    assert (said["status"], said["body"]) == (201, "made")
    assert said["headers"]["X-A"] == "2"
    assert said["multiValueHeaders"]["X-A"] == ["1", "2"]
    assert said["latency"] >= 0
    assert lines[0].startswith("Execution log for request ")
    assert " UTC " in lines[1]
    assert " : Starting execution for request: " in lines[1]
    assert any(" : Sending request to https://lambda.us-east-1.amazonaws.com/" in line for line in lines)
    assert any(" : Received response. Status: 200, Integration latency: " in line for line in lines)
    assert lines[-1].endswith(" : Method completed with status: 201")


def test_a_change_is_tried_at_once_and_served_when_it_is_deployed(api: RestApi) -> None:
    named = api.mock("GET /")
    api.answers(named, responseTemplates={JSON: "one"})
    api.deploy()
    template = {"op": "replace", "path": "/responseTemplates/application~1json", "value": "two"}
    api.client.update_integration_response(**named, statusCode="200", patchOperations=[template])

    said = api.client.test_invoke_method(**named)

    assert (said["status"], said["body"], api.ask("/").body) == (200, "two", b"one")


def test_who_tries_a_method_is_asked_for_no_key_and_by_no_authorizer_but_its_validator_holds(api: RestApi) -> None:
    validator = api.client.create_request_validator(
        restApiId=api.id, name="parameters", validateRequestParameters=True
    )["id"]
    named = api.proxy(
        "GET /",
        "echo",
        authorizationType="AWS_IAM",
        apiKeyRequired=True,
        requestValidatorId=validator,
        requestParameters={"method.request.querystring.a": True},
    )

    refused = api.client.test_invoke_method(**named)
    taken = api.client.test_invoke_method(**named, pathWithQueryString="/?a=1")

    assert refused["status"] == 400
    assert json.loads(refused["body"]) == {"message": "Missing required request parameters: [a]"}
    assert taken["status"] == 200


def test_what_goes_wrong_is_the_methods_answer_and_in_the_log(api: RestApi) -> None:
    named = api.proxy("POST /", "echo")

    said = api.client.test_invoke_method(**named, body="1 / 0")

    assert (said["status"], json.loads(said["body"])) == (502, {"message": "Internal server error"})
    assert "Execution failed: The function failed" in said["log"]


@pytest.mark.parametrize(
    ("wrong", "what"),
    [({"restApiId": "absent"}, "API"), ({"resourceId": "absent"}, "Resource"), ({"httpMethod": "PUT"}, "Method")],
)
def test_what_is_not_there_is_not_found(api: RestApi, wrong: dict[str, str], what: str) -> None:
    named = api.proxy("POST /", "echo")

    with pytest.raises(ClientError, match=f"Invalid {what} identifier specified") as refused:
        api.client.test_invoke_method(**(named | wrong))
    assert refused.value.response["Error"]["Code"] == "NotFoundException"


def test_an_api_of_another_account_is_not_found(api: RestApi) -> None:
    named = api.proxy("POST /", "echo")

    with pytest.raises(ClientError, match="Invalid API identifier specified 222222222222:"):
        sdk(api.lam, "apigateway", "222222222222").test_invoke_method(**named)


def test_an_authorizer_says_its_policy_whatever_that_allows(api: RestApi) -> None:
    made = api.client.create_authorizer(
        restApiId=api.id,
        name="guard",
        type="TOKEN",
        authorizerUri=invoke_arn("guard"),
        identitySource="method.request.header.Authorization",
        identityValidationExpression="[a-zA-Z]+",
    )
    named = {"restApiId": api.id, "authorizerId": made["id"]}

    allowed, denied, unknown, unfit, silent = (
        api.client.test_invoke_authorizer(**named, headers=headers)
        for headers in (
            {"Authorization": "Allow"},
            {"Authorization": "Deny"},
            {"Authorization": "nobody"},
            {"Authorization": "1"},
            {},
        )
    )

    assert [one["clientStatus"] for one in (allowed, denied, unknown, unfit, silent)] == [200, 200, 401, 401, 401]
    assert allowed["principalId"] == "ada"
    assert json.loads(allowed["policy"])["Statement"][0]["Effect"] == "Allow"
    assert json.loads(denied["policy"])["Statement"][0]["Effect"] == "Deny"
    assert "policy" not in unknown
    assert allowed["log"].startswith("Execution log for request ")
    with pytest.raises(ClientError, match="Invalid Authorizer identifier specified"):
        api.client.test_invoke_authorizer(restApiId=api.id, authorizerId="absent")
