"""REST APIs are changed by patches, as infrastructure tools do. docs/services.md#api-gateway."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from http_apis_rig import let_in
from own import OwnLam, own_emulator
from rest_rig import ECHO, RestApi, arn, invoke_arn
from services_rig import ACCOUNT, sdk

JSON = "application/json"
JSON_KEY = "application~1json"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnLam]:
    with own_emulator(tmp_path_factory.mktemp("updates"), "process", account=ACCOUNT) as lam:
        yield lam


@pytest.fixture
def api(shared: OwnLam) -> Iterator[RestApi]:
    shared.create("echo", ECHO)
    let_in(shared, "echo")
    yield RestApi(shared)
    shared.close()


def replaced(path: str, value: str) -> dict[str, str]:
    return {"op": "replace", "path": path, "value": value}


def test_a_mock_says_something_else_once_it_is_changed_and_deployed(api: RestApi) -> None:
    named = api.mock("GET /")
    api.answers(named, responseTemplates={JSON: "one"})
    api.deploy()

    template = replaced(f"/responseTemplates/{JSON_KEY}", "two")
    api.client.update_integration_response(**named, statusCode="200", patchOperations=[template])
    assert api.ask("/").body == b"one"
    api.deploy()

    assert api.ask("/").body == b"two"


def test_a_method_and_its_integration_are_changed_by_their_members(api: RestApi) -> None:
    named = api.proxy("GET /", "echo")

    method = api.client.update_method(
        **named,
        patchOperations=[
            replaced("/apiKeyRequired", "true"),
            replaced("/requestParameters/method.request.header.X-A", "true"),
            replaced("/operationName", "Look"),
        ],
    )
    integration = api.client.update_integration(
        **named, patchOperations=[replaced("/timeoutInMillis", "50"), replaced(f"/requestTemplates/{JSON_KEY}", "{}")]
    )
    removed = api.client.update_integration(
        **named, patchOperations=[{"op": "remove", "path": f"/requestTemplates/{JSON_KEY}"}]
    )

    assert (method["apiKeyRequired"], method["operationName"]) == (True, "Look")
    assert method["requestParameters"] == {"method.request.header.X-A": True}
    assert (integration["timeoutInMillis"], integration["requestTemplates"]) == (50, {JSON: "{}"})
    assert not removed.get("requestTemplates")
    api.deploy()
    assert api.ask("/").status == 403


def test_a_resource_has_another_name(api: RestApi) -> None:
    api.proxy("GET /a", "echo")
    named = {"restApiId": api.id, "resourceId": api.resource("/a")}

    told = api.client.update_resource(**named, patchOperations=[replaced("/pathPart", "b")])
    api.deploy()

    assert told["path"] == "/b"
    assert (api.ask("/a").status, api.ask("/b").status) == (403, 200)


def test_gateway_responses_models_and_deployments_are_changed(api: RestApi) -> None:
    api.proxy("GET /a", "echo")
    id = api.deploy()
    api.client.create_model(restApiId=api.id, name="Pet", contentType=JSON, schema="{}")

    response = api.client.update_gateway_response(
        restApiId=api.id, responseType="DEFAULT_4XX", patchOperations=[replaced("/statusCode", "418")]
    )
    model = api.client.update_model(restApiId=api.id, modelName="Pet", patchOperations=[replaced("/schema", '{"a":1}')])
    deployment = api.client.update_deployment(
        restApiId=api.id, deploymentId=id, patchOperations=[replaced("/description", "first")]
    )
    api.deploy()

    assert (response["statusCode"], model["schema"], deployment["description"]) == ("418", '{"a":1}', "first")
    assert api.ask("/b").status == 418


def test_what_is_no_member_changes_nothing(api: RestApi) -> None:
    named = api.proxy("GET /", "echo")
    operations = [replaced("/operationName", "Look"), replaced("/nothing", "x")]

    with pytest.raises(api.client.exceptions.BadRequestException, match="Invalid patch path  '/nothing' specified"):
        api.client.update_method(**named, patchOperations=operations)

    assert "operationName" not in api.client.get_method(**named)


def test_an_api_is_changed_by_its_members(api: RestApi) -> None:
    operations = [
        replaced("/name", "other"),
        replaced("/disableExecuteApiEndpoint", "false"),
        {"op": "add", "path": "/binaryMediaTypes/image~1png"},
        {"op": "add", "path": "/binaryMediaTypes/image~1gif"},
        {"op": "remove", "path": "/binaryMediaTypes/image~1png"},
    ]

    told = api.client.update_rest_api(restApiId=api.id, patchOperations=operations)

    assert (told["name"], told["binaryMediaTypes"]) == ("other", ["image/gif"])
    assert told["disableExecuteApiEndpoint"] is False


def test_an_endpoint_that_is_disabled_serves_nobody(api: RestApi) -> None:
    api.proxy("GET /", "echo")
    api.deploy()

    operation = replaced("/disableExecuteApiEndpoint", "true")
    api.client.update_rest_api(restApiId=api.id, patchOperations=[operation])

    assert api.ask("/").status == 403


def test_what_is_there_already_is_a_conflict(api: RestApi) -> None:
    named = api.proxy("GET /a", "echo")
    root = {"restApiId": api.id, "parentId": api.resource("/")}

    with pytest.raises(api.client.exceptions.ConflictException, match="already has this name: a"):
        api.client.create_resource(**root, pathPart="a")
    with pytest.raises(api.client.exceptions.ConflictException, match="Method already exists for this resource"):
        api.client.put_method(**named, authorizationType="NONE")


def test_a_method_without_an_integration_is_not_deployed(api: RestApi) -> None:
    api.method("GET /", authorizationType="NONE")

    with pytest.raises(api.client.exceptions.BadRequestException, match="No integration defined for method"):
        api.deploy()


def test_an_authorizer_has_a_name_of_its_own_and_an_address_that_runs_a_function(api: RestApi) -> None:
    told = {"restApiId": api.id, "type": "TOKEN", "identitySource": "method.request.header.Authorization"}
    api.client.create_authorizer(**told, name="mine", authorizerUri=invoke_arn("echo"))

    with pytest.raises(api.client.exceptions.BadRequestException, match="mine already exists in this RestApi"):
        api.client.create_authorizer(**told, name="mine", authorizerUri=invoke_arn("echo"))
    with pytest.raises(api.client.exceptions.BadRequestException, match=f"Invalid Authorizer URI: {arn('echo')}"):
        api.client.create_authorizer(**told, name="other", authorizerUri=arn("echo"))


def test_a_usage_plan_is_of_stages_that_there_are(api: RestApi) -> None:
    stages = [{"apiId": api.id, "stage": "nowhere"}]

    with pytest.raises(api.client.exceptions.NotFoundException, match=f"API Stage not found: {api.id}:nowhere"):
        api.client.create_usage_plan(name="plan", apiStages=stages)


def test_an_operation_that_is_not_there_is_named(api: RestApi) -> None:
    with pytest.raises(ClientError, match="moto has no GetClientCertificates"):
        api.client.get_client_certificates()


def test_what_could_not_be_told_apart_is_refused(api: RestApi) -> None:
    api.resource("/{id}")
    greedy = api.resource("/{proxy+}")
    root, below = api.resource("/"), {"restApiId": api.id, "parentId": greedy}

    with pytest.raises(api.client.exceptions.BadRequestException, match="already has a variable path part"):
        api.client.create_resource(restApiId=api.id, parentId=root, pathPart="{name}")
    with pytest.raises(api.client.exceptions.BadRequestException, match="greedy path variable"):
        api.client.create_resource(**below, pathPart="a")


@pytest.mark.parametrize(
    ("verb", "method", "why"),
    [
        ("LOOK", {"authorizationType": "NONE"}, "Invalid HttpMethod specified"),
        ("GET", {"authorizationType": "JWT"}, "Invalid authorization type specified"),
        ("GET", {"authorizationType": "CUSTOM", "authorizerId": "nobody"}, "Invalid authorizer ID specified"),
    ],
)
def test_a_method_that_is_none_is_refused(api: RestApi, verb: str, method: dict[str, str], why: str) -> None:
    with pytest.raises(api.client.exceptions.BadRequestException, match=why):
        api.client.put_method(restApiId=api.id, resourceId=api.resource("/"), httpMethod=verb, **method)


def test_a_resource_goes_with_all_below_it(api: RestApi) -> None:
    api.proxy("GET /a/b/c", "echo")
    api.proxy("GET /d", "echo")

    api.client.delete_resource(restApiId=api.id, resourceId=api.resource("/a"))

    left = [one["path"] for one in api.client.get_resources(restApiId=api.id)["items"]]
    assert sorted(left) == ["/", "/d"]


def test_what_was_deployed_is_there_after_a_restart(tmp_path: Path) -> None:
    with own_emulator(tmp_path, "process", account=ACCOUNT) as lam:
        api = RestApi(lam)
        named = api.mock("GET /")
        api.answers(named, responseTemplates={JSON: "one"})
        api.deploy()
        template = replaced(f"/responseTemplates/{JSON_KEY}", "two")
        api.client.update_integration_response(**named, statusCode="200", patchOperations=[template])
        api.deploy("dev", canarySettings={"percentTraffic": 0.0, "stageVariableOverrides": {"a": "1"}})

    with own_emulator(tmp_path, "process", account=ACCOUNT) as lam:
        api.lam, api.client = lam, sdk(lam, "apigateway")
        stage = {"restApiId": api.id, "stageName": "dev"}

        assert api.ask("/").body == b"one"
        assert api.client.get_stage(**stage)["canarySettings"]["stageVariableOverrides"] == {"a": "1"}
        api.client.update_stage(**stage, patchOperations=[replaced("/canarySettings/percentTraffic", "100")])
        assert api.ask("/").body == b"two"


MAPPING = "Invalid mapping expression specified: Validation Result: warnings : [], errors : "


@pytest.mark.parametrize(
    ("operation", "members", "problem"),
    [
        ("method", {"requestModels": {JSON: "Absent"}}, "Invalid model identifier specified: Absent"),
        ("method", {"requestValidatorId": "absent"}, "Invalid Request Validator identifier specified"),
        ("method", {"requestParameters": {"integration.request.header.a": True}}, "Invalid mapping expression spec"),
        ("method_response", {"responseModels": {JSON: "Absent"}}, "Invalid model identifier specified: Absent"),
        ("method_response", {"responseParameters": {"method.request.header.a": True}}, "Invalid mapping expression"),
        (
            "integration",
            {"requestParameters": {"integration.request.cookie.a": "'a'"}},
            f"{MAPPING}[Invalid mapping expression specified: integration.request.cookie.a]",
        ),
        (
            "integration",
            {"requestParameters": {"integration.request.header.a": "method.request.header.undeclared"}},
            f"{MAPPING}[Invalid mapping expression parameter specified: method.request.header.undeclared]",
        ),
        (
            "integration",
            {"requestParameters": {"integration.request.header.a": "unquoted"}},
            f"{MAPPING}[Invalid mapping expression specified: unquoted]",
        ),
        (
            "integration_response",
            {"statusCode": "404"},
            f"{MAPPING}[No method response exists for method.]",
        ),
        (
            "integration_response",
            {"responseParameters": {"method.response.header.undeclared": "'a'"}},
            f"{MAPPING}[Invalid mapping expression parameter specified: method.response.header.undeclared]",
        ),
        (
            "integration_response",
            {"responseParameters": {"method.response.header.declared": "'a',b"}},
            f"{MAPPING}[Invalid mapping expression specified: 'a',b]",
        ),
    ],
)
def test_models_and_mappings_that_api_gateway_refuses_are_refused(
    api: RestApi, operation: str, members: dict[str, Any], problem: str
) -> None:
    """As they are put, and as they are patched."""
    named = api.mock("GET /")
    api.answers(named, responseParameters={"method.response.header.declared": "'a'"})
    of_post = named | {"httpMethod": "POST", "authorizationType": "NONE"}
    put = {
        "method": partial(api.client.put_method, **of_post),
        "method_response": partial(api.client.put_method_response, **named, statusCode="201"),
        "integration": partial(api.client.put_integration, **named, type="MOCK"),
        "integration_response": partial(
            api.client.put_integration_response, **named, **{"statusCode": "200"} | members
        ),
    }
    with pytest.raises(ClientError) as put_so:
        put[operation](**({} if operation == "integration_response" else members))
    assert put_so.value.response["Error"]["Code"] == "BadRequestException"
    assert put_so.value.response["Error"]["Message"].startswith(problem)
    if "statusCode" in members or "requestValidatorId" in members:
        return
    of_status = {"statusCode": "200"} if "response" in operation else {}
    ((member, told),) = members.items()
    ((key, value),) = told.items()
    patch = replaced(f"/{member}/{key.replace('/', '~1')}", str(value).lower() if value is True else value)
    with pytest.raises(ClientError) as patched:
        getattr(api.client, f"update_{operation}")(**named, **of_status, patchOperations=[patch])
    assert patched.value.response["Error"]["Message"].startswith(problem)


def test_mappings_that_api_gateway_takes_are_taken(api: RestApi) -> None:
    declared = {"method.request.header.a": False, "method.request.querystring.b": True}
    named = api.method("GET /", None, requestParameters=declared, requestModels={JSON: "Empty"})
    sources = (
        *("method.request.header.a", "method.request.querystring.b", "method.request.multivalueheader.a"),
        *("method.request.body", "method.request.body.a.b", "context.stage", "stageVariables.x", "'it''s'"),
    )
    taken = {f"integration.request.header.x{number}": source for number, source in enumerate(sources)}

    made = api.client.put_integration(**named, type="MOCK", requestParameters=taken)

    assert made["requestParameters"] == taken
