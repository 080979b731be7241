"""User pools of Cognito whose triggers are one function, which says what it was told."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from botocore.exceptions import ClientError
from lam import Lam
from own import Served
from services_rig import sdk

PASSWORD = "Secret-1234"
HOOK = """
import json, os, time, urllib.error, urllib.request

def ask(service, path, body=None, method=None, target=None):
    # What the port answers to a request that is signed for this service.
    scope = f"{os.environ['AWS_ACCESS_KEY_ID']}/20260101/us-east-1/{service}/aws4_request"
    headers = {"Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=x"}
    headers |= {"X-Amz-Target": target, "Content-Type": "application/x-amz-json-1.1"} if target else {}
    data = None if body is None else json.dumps(body).encode()
    asked = urllib.request.Request(os.environ["AWS_ENDPOINT_URL"] + path, data, headers, method=method)
    with urllib.request.urlopen(asked, timeout=4) as answer:
        return answer.read()

def handler(event, context):
    print("EVENT " + json.dumps(event), flush=True)
    source, request, response = event["triggerSource"], event["request"], event["response"]
BODY
    return event
"""
FLOWS = ("USER_PASSWORD_AUTH", "ADMIN_USER_PASSWORD_AUTH", "USER_SRP_AUTH", "REFRESH_TOKEN_AUTH", "CUSTOM_AUTH")
TRIGGERS = (
    *("PreSignUp", "PostConfirmation", "PreAuthentication", "PostAuthentication", "PreTokenGeneration"),
    *("CustomMessage", "DefineAuthChallenge", "CreateAuthChallenge", "VerifyAuthChallengeResponse", "UserMigration"),
)


def allow(lam: Lam, name: str, pool_arn: str) -> None:
    """Cognito may run the function for this pool."""
    lam.client.add_permission(
        FunctionName=name,
        StatementId="cognito",
        Action="lambda:InvokeFunction",
        Principal="cognito-idp.amazonaws.com",
        SourceArn=pool_arn,
    )


def refused(ask: Any, **given: Any) -> tuple[str, str]:
    """Code and text of the refusal."""
    with pytest.raises(ClientError) as told:
        ask(**given)
    error = told.value.response["Error"]
    return error["Code"], error["Message"]


def services(lam: Any) -> Any:
    """What the server tells of its services."""
    if isinstance(lam, Served):
        return json.loads(lam.page("services"))
    status = lam.emulator.around.child.status()
    assert status is not None
    return {"outbox": list(status.outbox), "processes": [{"name": "moto", "pid": status.pid}]}


class Pool:
    """A pool and an app, and the function of the triggers that are wanted. body: lines of the function's."""

    def __init__(
        self, lam: Lam, name: str, body: str = "pass", *triggers: str, client: Any = None, **settings: Any
    ) -> None:
        self.lam = lam
        self.name = name
        self.idp = sdk(lam, "cognito-idp")
        code = HOOK.replace("BODY", "\n".join(f"    {line}" for line in body.splitlines()))
        lam.create(name, code, Environment={"Variables": {"AWS_ENDPOINT_URL": lam.url}}, Timeout=30)
        self.arn = lam.client.get_function_configuration(FunctionName=name)["FunctionArn"]
        config = dict.fromkeys(triggers, self.arn) | settings.pop("LambdaConfig", {})
        made = self.idp.create_user_pool(PoolName=name, LambdaConfig=config, **settings)["UserPool"]
        self.id, self.pool_arn = made["Id"], made["Arn"]
        allow(lam, name, self.pool_arn)
        told = {"ExplicitAuthFlows": [f"ALLOW_{flow}" for flow in FLOWS]} | (client or {})
        self.client_id = self.idp.create_user_pool_client(UserPoolId=self.id, ClientName="app", **told)[
            "UserPoolClient"
        ]["ClientId"]

    def sign_up(self, name: str, password: str = PASSWORD, **more: Any) -> Any:
        attributes = more.pop("attributes", {"email": "ada@example.com"})
        listed = [{"Name": key, "Value": value} for key, value in attributes.items()]
        return self.idp.sign_up(
            ClientId=self.client_id, Username=name, Password=password, UserAttributes=listed, **more
        )

    def confirmed(self, user: str, /, password: str = PASSWORD, **attributes: str) -> None:
        """A user who may sign in."""
        listed = [{"Name": key, "Value": value} for key, value in attributes.items()]
        self.idp.admin_create_user(UserPoolId=self.id, Username=user, UserAttributes=listed, MessageAction="SUPPRESS")
        self.idp.admin_set_user_password(UserPoolId=self.id, Username=user, Password=password, Permanent=True)

    def sign_in(self, name: str, password: str = PASSWORD, **more: Any) -> Any:
        return self.idp.initiate_auth(
            ClientId=self.client_id,
            AuthFlow="USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": name, "PASSWORD": password},
            **more,
        )

    def user(self, name: str) -> Any:
        return self.idp.admin_get_user(UserPoolId=self.id, Username=name)

    def attributes(self, name: str) -> dict[str, str]:
        return {one["Name"]: one["Value"] for one in self.user(name)["UserAttributes"]}

    def events(self) -> list[Any]:
        """What the function was told, in order."""
        lines = [line for line, _ in self.lam.events(self.name)]
        return [json.loads(line.partition(" ")[2]) for line in lines if line.startswith("EVENT ")]

    def sources(self) -> list[str]:
        return [event["triggerSource"] for event in self.events()]

    def sent(self, to: str) -> list[Any]:
        """What this address would have been sent."""
        return [one for one in services(self.lam)["outbox"] if one["to"] == to]

    def code(self, to: str) -> str:
        """The one in the last message."""
        found = re.search(r"\b[0-9]{6}\b", self.sent(to)[-1]["message"])
        assert found, self.sent(to)
        return found[0]
