"""Of REST APIs: docs/contract/events.md#rest-apis, #authorizers-of-rest-apis."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lambda_emu.errors.base import LambdaError
from lambda_emu.samples.requests import MEMBERS, request_of
from lambda_emu.samples.sample import BadMember, SampleRequest, Samples
from lambda_emu.samples.values import event_time, trace
from lambda_emu.triggers.execute_api.addresses import ApiAddress, host_of
from lambda_emu.triggers.rest_apis.api import read_api
from lambda_emu.triggers.rest_apis.authorizing.functions import request_event, token_event
from lambda_emu.triggers.rest_apis.context import Moment
from lambda_emu.triggers.rest_apis.entering import Entered, enter
from lambda_emu.triggers.rest_apis.event import make_template

REST = Samples("rest")
SAMPLES = (REST,)
API, DEPLOYMENT, RESOURCE = "a1b2c3d4e5", "dep123", "res456"
_API = {**MEMBERS, "resource": "/{proxy+}", "stage": "dev"}
_ASKED = {name: value for name, value in _API.items() if name != "body"}


@REST.add("request", "A request to a REST API, by AWS_PROXY.", **_API)
def request(asked: SampleRequest) -> bytes:
    entered = _entered(asked)
    return make_template(entered, is_binary=False).event(_moment(asked, entered), entered.request.body)


@REST.add("authorizer-token", "What an authorizer of type TOKEN is asked.", **_ASKED, token="Bearer abc")
def authorizer_token(asked: SampleRequest) -> Mapping[str, Any]:
    return token_event(_entered(asked), asked["token"])


@REST.add("authorizer-request", "What an authorizer of type REQUEST is asked.", **_ASKED, token="Bearer abc")
def authorizer_request(asked: SampleRequest) -> Mapping[str, Any]:
    entered = _entered(asked, authorization=asked["token"])
    return request_event(entered, _moment(asked, entered))


def _moment(asked: SampleRequest, entered: Entered) -> Moment:
    return Moment(entered.request.request_id, *event_time(asked.clock), trace(asked))


def _entered(asked: SampleRequest, **more: str) -> Entered:
    """more: headers. BadMember: the path is none of the resource's."""
    scope, stage = asked.scope, asked["stage"]
    host = host_of(API, scope.region)
    made = request_of(asked, host, **more)
    address = ApiAddress(API, asked["path"], stage, scope.region, host)
    try:
        return enter(made, read_api(_told(asked)), address, 100.0)
    except LambdaError:
        raise BadMember(f"--path {asked['path']} is none of the --resource {asked['resource']}.") from None


def _told(asked: SampleRequest) -> Mapping[str, Any]:
    """An API as its control plane tells it."""
    method = {"httpMethod": "ANY", "authorizationType": "NONE", "apiKeyRequired": False}
    resource = {"id": RESOURCE, "path": asked["resource"], "resourceMethods": {"ANY": method}}
    deployed: dict[str, Any] = {"api": {"id": API}, "resources": [resource]}
    deployed |= {kind: [] for kind in ("authorizers", "validators", "models", "responses")}
    return {
        "account": asked.scope.account,
        "region": asked.scope.region,
        "api": {"id": API},
        "stages": [{"stageName": asked["stage"], "deploymentId": DEPLOYMENT}],
        "deployments": {DEPLOYMENT: deployed},
        "usage": {},
    }
