"""HTTP APIs whose control plane somebody else serves: read by its own operations. docs/events.md#http-apis."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from lambda_emu.arn import Scope
from lambda_emu.http.executors import Workers
from lambda_emu.http.loop import Loop
from lambda_emu.http.message import Head
from lambda_emu.services.clients import Call
from lambda_emu.triggers.execute_api.refusals import ApiUnavailable

SERVICE, WEBSOCKET = "apigatewayv2", "WEBSOCKET"
READERS = Workers("APIs that others keep", 4, 64)
MOST_PAGES = 100
Members = dict[str, Any]


class ControlPlane:
    """Asks in one account and region, whoever's the API is there."""

    def __init__(self, call: Call, scope: Scope, loop: Loop) -> None:
        self._call = call
        self._scope = scope
        self._loop = loop

    async def read(self, api_id: str) -> Members | None:
        """As `read_api` takes it; None: there is none. On the loop. ApiUnavailable."""
        return await self._loop.work(READERS, self._read, api_id)

    def _read(self, api_id: str) -> Members | None:
        """A stage without automatic deployment is taken to serve what there is now, as deployments cannot be read."""
        try:
            api = _lowered(self._ask("GetApi", ApiId=api_id))
            api["corsConfiguration"] = _lowered(api.get("corsConfiguration") or {})
            stages, routes, integrations, authorizers = (
                [_lowered(one) for one in self._all(operation, api_id)]
                for operation in ("GetStages", "GetRoutes", "GetIntegrations", "GetAuthorizers")
            )
            if api["protocolType"] == WEBSOCKET:
                self._add_responses(api_id, routes, integrations)
        except ConnectionError as error:
            raise ApiUnavailable(f"Who serves {SERVICE} cannot be asked: {error}") from error
        except Exception as error:
            if "NotFound" in str(error):
                return None
            raise ApiUnavailable(f"Who serves {SERVICE} refuses to tell of the API: {error}") from error
        deployed = {"routes": routes, "integrations": integrations, "authorizers": authorizers}
        told = [one | {"deployed": deployed if _is_deployed(one) else None} for one in stages]
        return {
            "kind": api["protocolType"],
            "account": self._scope.account,
            "region": self._scope.region,
            "api": api,
            "stages": told,
        }

    def _add_responses(self, api_id: str, routes: list[Members], integrations: list[Members]) -> None:
        """A route that has an expression for its responses is taken to have one: not everybody lists them."""
        for route in routes:
            route["routeResponses"] = [{}] if route.get("routeResponseSelectionExpression") else []
        for integration in integrations:
            asked = {"IntegrationId": integration["integrationId"]}
            found = self._all("GetIntegrationResponses", api_id, **asked)
            integration["integrationResponses"] = [_lowered(one) for one in found]

    def _all(self, operation: str, api_id: str, **asked: str) -> Iterator[Members]:
        token: Members = {}
        for _ in range(MOST_PAGES):
            page = self._ask(operation, ApiId=api_id, **asked, **token)
            yield from page.get("Items", [])
            if not page.get("NextToken"):
                return
            token = {"NextToken": page["NextToken"]}

    def _ask(self, operation: str, **parameters: Any) -> Members:
        account, region = self._scope.account, self._scope.region
        return self._call(SERVICE, operation, parameters, account=account, region=region)


class Watch:
    """services.observers.Observer: what passes on its way there is looked at, and nothing of it is changed."""

    def __init__(self, changed: Callable[[Head], None]) -> None:
        self._changed = changed

    async def passes(self, head: Head) -> None:
        self._changed(head)

    def passed(self, head: Head, body: bytes | None) -> bytes | None:
        self._changed(head)
        return body


def _is_deployed(stage: Mapping[str, Any]) -> bool:
    return bool(stage.get("autoDeploy") or stage.get("deploymentId"))


def _lowered(told: Mapping[str, Any]) -> Members:
    """As the service writes them, but for times: boto3 begins members with a capital."""
    return {name[0].lower() + name[1:]: value for name, value in told.items() if not hasattr(value, "isoformat")}
