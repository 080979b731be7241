"""AWS::ApiGateway where no document says what a REST API is: resources, methods, authorizers, keys."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from lambda_emu.project.services.api_gateway import V1
from lambda_emu.project.services.reach import Reach
from lambda_emu.templates.kinds.api_gateway.apis import as_word, changed, patch
from lambda_emu.templates.kinds.kind import OF, Kind, Made, ResourceRequest, ask_if_there, takes

Rows = tuple[Callable[[ResourceRequest], Made], Any, Any]


def _part(operation: str, shown: str, of: str, id: str = "id", **paths: str) -> Rows:
    """Makes, removes and changes what is below an API.

    shown: what GetAtt calls it; of: the member that names it; paths: of properties that can be changed.
    """

    def create(asked: ResourceRequest) -> Made:
        members = {"name": asked.name, **asked.properties}
        made = str(asked.call(V1, f"Create{operation}", members)[id])
        return Made(made, {shown: made, OF: str(asked.get("RestApiId"))})

    def remove(made: Made, reach: Reach) -> None:
        members = {"restApiId": made.attributes[OF], of: made.identifier}
        ask_if_there(reach, V1, f"Delete{operation}", **members)

    def update(asked: ResourceRequest, made: Made) -> Made:
        which = {"restApiId": made.attributes[OF], of: made.identifier}
        patch(asked, operation, which, changed(asked, **paths))
        return made

    return create, remove, update


def _create_method(asked: ResourceRequest) -> Made:
    where = asked.given("RestApiId", "ResourceId", "HttpMethod")
    names = ("AuthorizationType", "AuthorizerId", "ApiKeyRequired", "AuthorizationScopes", "OperationName")
    said = asked.given(*names, "RequestModels", "RequestParameters", "RequestValidatorId")
    asked.call(V1, "PutMethod", {"AuthorizationType": "NONE", **said, **where})
    for answer in asked.get("MethodResponses") or ():
        asked.call(V1, "PutMethodResponse", {**answer, **where})
    integration = asked.get("Integration")
    if integration:
        told = dict(integration)
        answers = told.pop("IntegrationResponses", None) or ()
        method = {"integrationHttpMethod": told.pop("IntegrationHttpMethod", None)}
        asked.call(V1, "PutIntegration", {**told, **method, **where})
        for answer in answers:
            asked.call(V1, "PutIntegrationResponse", {**answer, **where})
    api, resource, verb = (str(asked.get(name)) for name in ("RestApiId", "ResourceId", "HttpMethod"))
    return Made(f"{api}|{resource}|{verb}", {OF: api})


def _update_method(asked: ResourceRequest, made: Made) -> Made:
    _remove_method(made, asked.reach)
    return _create_method(asked)


def _remove_method(made: Made, reach: Reach) -> None:
    api, resource, verb = made.identifier.split("|")
    ask_if_there(reach, V1, "DeleteMethod", restApiId=api, resourceId=resource, httpMethod=verb)


def _put_answer(asked: ResourceRequest, _: Made | None = None) -> Made:
    asked.call(V1, "PutGatewayResponse", asked.properties)
    kind, api = str(asked.get("ResponseType")), str(asked.get("RestApiId"))
    return Made(kind, {"Id": f"{api}|{kind}", OF: api})


def _remove_answer(made: Made, reach: Reach) -> None:
    ask_if_there(reach, V1, "DeleteGatewayResponse", restApiId=made.attributes[OF], responseType=made.identifier)


def _create_key(asked: ResourceRequest) -> Made:
    made = asked.call(V1, "CreateApiKey", {"name": asked.name, **asked.properties})["id"]
    return Made(made, {"APIKeyId": made})


def _update_key(asked: ResourceRequest, made: Made) -> Made:
    patch(asked, "ApiKey", {"apiKey": made.identifier}, changed(asked, Description="/description", Enabled="/enabled"))
    return made


def _remove_key(made: Made, reach: Reach) -> None:
    ask_if_there(reach, V1, "DeleteApiKey", apiKey=made.identifier)


def _create_plan(asked: ResourceRequest) -> Made:
    name = {"name": asked.get("UsagePlanName") or asked.name}
    made = asked.call(V1, "CreateUsagePlan", {**asked.properties, **name})["id"]
    return Made(made, {"Id": made})


def _update_plan(asked: ResourceRequest, made: Made) -> Made:
    operations = changed(asked, UsagePlanName="/name", Description="/description")
    for name, told in (("Throttle", ("burstLimit", "rateLimit")), ("Quota", ("limit", "offset", "period"))):
        had, has = (_limits(said.get(name)) for said in (asked.before, asked.properties))
        if had.keys() - has.keys():
            operations.append({"op": "remove", "path": f"/{name.lower()}"})
        for member in told:
            if member.lower() in has:
                path = f"/{name.lower()}/{member}"
                operations.append({"op": "replace", "path": path, "value": as_word(has[member.lower()])})
    had_stages, has_stages = (_stages(said) for said in (asked.before, asked.properties))
    operations += [{"op": "remove", "path": "/apiStages", "value": one} for one in sorted(had_stages - has_stages)]
    operations += [{"op": "add", "path": "/apiStages", "value": one} for one in sorted(has_stages - had_stages)]
    patch(asked, "UsagePlan", {"usagePlanId": made.identifier}, operations)
    return made


def _limits(said: Any) -> dict[str, Any]:
    return {member.lower(): value for member, value in (said or {}).items()}


def _stages(said: Mapping[str, Any]) -> set[str]:
    return {f"{one['ApiId']}:{one['Stage']}" for one in said.get("ApiStages") or ()}


def _remove_plan(made: Made, reach: Reach) -> None:
    ask_if_there(reach, V1, "DeleteUsagePlan", usagePlanId=made.identifier)


def _add_key(asked: ResourceRequest) -> Made:
    made = asked.call(V1, "CreateUsagePlanKey", asked.properties)["id"]
    return Made(f"{made}:{asked.get('UsagePlanId')}", {"Id": made, OF: str(asked.get("UsagePlanId"))})


def _take_key(made: Made, reach: Reach) -> None:
    id = str(made.attributes["Id"])
    ask_if_there(reach, V1, "DeleteUsagePlanKey", usagePlanId=made.attributes[OF], keyId=id)


_OF_METHODS = (
    "ApiKeyRequired AuthorizationScopes AuthorizationType AuthorizerId HttpMethod Integration MethodResponses "
    "OperationName RequestModels RequestParameters RequestValidatorId ResourceId RestApiId"
)
_OF_AUTHORIZERS = (
    "AuthorizerCredentials AuthorizerResultTtlInSeconds AuthorizerUri IdentitySource IdentityValidationExpression Name "
    "ProviderARNs RestApiId Type AuthType"
)
_PATHS_OF_AUTHORIZERS = {
    "AuthorizerCredentials": "/authorizerCredentials",
    "AuthorizerResultTtlInSeconds": "/authorizerResultTtlInSeconds",
    "AuthorizerUri": "/authorizerUri",
    "IdentitySource": "/identitySource",
    "IdentityValidationExpression": "/identityValidationExpression",
    "Name": "/name",
}
METHODS: Mapping[str, Kind] = {
    "AWS::ApiGateway::Resource": Kind(
        takes("ParentId PathPart RestApiId"),
        *_part("Resource", "ResourceId", "resourceId"),
        fixed=takes("ParentId PathPart RestApiId"),
    ),
    "AWS::ApiGateway::Authorizer": Kind(
        takes(_OF_AUTHORIZERS),
        *_part("Authorizer", "AuthorizerId", "authorizerId", **_PATHS_OF_AUTHORIZERS),
        fixed=takes("RestApiId"),
    ),
    "AWS::ApiGateway::Model": Kind(
        takes("ContentType Description Name RestApiId Schema"),
        *_part("Model", "Id", "modelName", "name", Description="/description", Schema="/schema"),
        fixed=takes("ContentType Name RestApiId"),
    ),
    "AWS::ApiGateway::RequestValidator": Kind(
        takes("Name RestApiId ValidateRequestBody ValidateRequestParameters"),
        *_part(
            "RequestValidator",
            "RequestValidatorId",
            "requestValidatorId",
            ValidateRequestBody="/validateRequestBody",
            ValidateRequestParameters="/validateRequestParameters",
        ),
        fixed=takes("Name RestApiId"),
    ),
    "AWS::ApiGateway::Method": Kind(
        takes(_OF_METHODS),
        _create_method,
        _remove_method,
        _update_method,
        fixed=takes("HttpMethod ResourceId RestApiId"),
    ),
    "AWS::ApiGateway::GatewayResponse": Kind(
        takes("ResponseParameters ResponseTemplates ResponseType RestApiId StatusCode"),
        _put_answer,
        _remove_answer,
        _put_answer,
        fixed=takes("ResponseType RestApiId"),
    ),
    "AWS::ApiGateway::ApiKey": Kind(
        takes("Description Enabled GenerateDistinctId Name StageKeys Value"),
        _create_key,
        _remove_key,
        _update_key,
        fixed=takes("GenerateDistinctId Name Value"),
    ),
    "AWS::ApiGateway::UsagePlan": Kind(
        takes("ApiStages Description Quota Throttle UsagePlanName"), _create_plan, _remove_plan, _update_plan
    ),
    "AWS::ApiGateway::UsagePlanKey": Kind(
        takes("KeyId KeyType UsagePlanId"), _add_key, _take_key, fixed=takes("KeyId KeyType UsagePlanId")
    ),
}
