"""boto3's words for making WebSocket APIs, and their clients."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from http_apis_rig import arn
from own import OwnLam, Served
from services_rig import sdk
from websocket_rig import Caller


class SocketApi:
    """A WebSocket API with a stage that is deployed to by itself. functions: by the keys of their routes."""

    def __init__(self, lam: OwnLam | Served, functions: Mapping[str, str], stage: str = "dev", **api: Any) -> None:
        self.lam = lam
        self.client = sdk(lam, "apigatewayv2")
        told = {"Name": "sockets", "ProtocolType": "WEBSOCKET", "RouteSelectionExpression": "$request.body.action"}
        made = self.client.create_api(**(told | api))
        self.id: str = made["ApiId"]
        self.endpoint: str = made["ApiEndpoint"]
        self.stage = stage
        for key, function in functions.items():
            self.route(key, function)
        if stage:
            self.client.create_stage(ApiId=self.id, StageName=stage, AutoDeploy=True)

    def route(self, key: str, function: str, *, answers: bool = False, **route: Any) -> str:
        """To a function by AWS_PROXY. Its id."""
        uri = f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{arn(function)}/invocations"
        return self.integrated(key, answers=answers, integration={"IntegrationUri": uri}, **route)

    def integrated(self, key: str, *, answers: bool = False, integration: Mapping[str, Any], **route: Any) -> str:
        told = {"IntegrationType": "AWS_PROXY", "IntegrationMethod": "POST"} | dict(integration)
        made = self.client.create_integration(ApiId=self.id, **told)["IntegrationId"]
        if answers:
            route["RouteResponseSelectionExpression"] = "$default"
        found: str = self.client.create_route(ApiId=self.id, RouteKey=key, Target=f"integrations/{made}", **route)[
            "RouteId"
        ]
        if answers:
            self.client.create_route_response(ApiId=self.id, RouteId=found, RouteResponseKey="$default")
        return found

    def call(self, query: str = "", **headers: str | None) -> Caller:
        return Caller(f"{self.endpoint}/{self.stage}{query}", **headers)

    def management(self, **settings: Any) -> Any:
        """boto3's client for its connections, which knows this server alone."""
        return sdk(self.lam, "apigatewaymanagementapi", **settings)
