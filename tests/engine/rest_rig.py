"""REST APIs made by boto3, in short words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from function_url_rig import Got, ask
from own import OwnLam
from services_rig import ACCOUNT, sdk

REGION = "us-east-1"
ECHO = """
import base64, json, time
CALLS = []
def handler(event, context):
    CALLS.append(event)
    body = event.get("body")
    if not body:
        return {"statusCode": 200, "body": json.dumps(event)}
    if event["isBase64Encoded"]:
        body = base64.b64decode(body).decode("latin-1")
    return eval(body)
"""
"""Answers with its event, or with the value of the expression that the body is."""
FUNCTIONS = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/"


def arn(function: str) -> str:
    return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{function}"


def invoke_arn(function: str) -> str:
    return f"{FUNCTIONS}{arn(function)}/invocations"


class RestApi:
    """One API. client: boto3's of its control plane."""

    def __init__(self, lam: OwnLam, name: str = "api", **api: Any) -> None:
        self.lam = lam
        self.client = sdk(lam, "apigateway")
        self.id: str = self.client.create_rest_api(name=name, **api)["id"]
        self.resources: dict[str, str] = {}
        root = self.client.get_resources(restApiId=self.id)["items"][0]["id"]
        self.resources["/"] = root

    def resource(self, path: str) -> str:
        """Its id; what is missing of the path is made."""
        if path not in self.resources:
            above, _, part = path.rpartition("/")
            parent = self.resource(above or "/")
            made = self.client.create_resource(restApiId=self.id, parentId=parent, pathPart=part)
            self.resources[path] = made["id"]
        return self.resources[path]

    def method(self, route: str, integration: Mapping[str, Any] | None = None, **method: Any) -> dict[str, str]:
        """route: `GET /items/{id}`. Returns what names it in more operations."""
        verb, path = route.split(" ")
        named = {"restApiId": self.id, "resourceId": self.resource(path), "httpMethod": verb}
        self.client.put_method(**named, **{"authorizationType": "NONE", **method})
        if integration is not None:
            self.client.put_integration(**named, **integration)
        return named

    def proxy(
        self, route: str, function: str, integration: Mapping[str, Any] | None = None, **method: Any
    ) -> dict[str, str]:
        """To a function, by AWS_PROXY."""
        told = {"type": "AWS_PROXY", "integrationHttpMethod": "POST", "uri": invoke_arn(function)}
        return self.method(route, told | dict(integration or {}), **method)

    def mock(self, route: str, template: str = '{"statusCode":200}', **method: Any) -> dict[str, str]:
        """A method that answers itself, once it has integration responses."""
        return self.method(route, {"type": "MOCK", "requestTemplates": {"application/json": template}}, **method)

    def answers(self, named: Mapping[str, str], status: str = "200", **response: Any) -> None:
        """A method's response of a status, by the integration's that says this."""
        parameters = dict.fromkeys(response.get("responseParameters", {}), False)
        self.client.put_method_response(**named, statusCode=status, responseParameters=parameters)
        self.client.put_integration_response(**named, statusCode=status, **response)

    def deploy(self, stage: str = "dev", **deployment: Any) -> str:
        """Its id."""
        made: str = self.client.create_deployment(restApiId=self.id, stageName=stage, **deployment)["id"]
        return made

    def ask(
        self, path: str = "/", body: str | bytes | None = None, method: str = "", stage: str = "dev", **headers: str
    ) -> Got:
        """By the path form. headers: with `_` for `-`."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return ask(f"{self.lam.url}/_lambda-emu/api/{self.id}/{stage}", body, method, named, path)
