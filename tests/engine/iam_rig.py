"""Accounts of a server that asks policies: their root users, users, roles and sessions, by boto3."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest
from boto_rig import ONE_TRY
from botocore.config import Config
from botocore.exceptions import ClientError
from own import OwnLam

ACCOUNT, OTHER, REGION = "123456789012", "210987654321", "us-east-1"
SECRET = "any"
"""That of the rig's clients."""


def trusting(account: str) -> dict[str, Any]:
    """Of a role that whoever may in this account assumes."""
    statement = {"Effect": "Allow", "Principal": {"AWS": account}, "Action": "sts:AssumeRole"}
    return {"Version": "2012-10-17", "Statement": [statement]}


SERVICES = [f"{name}.amazonaws.com" for name in ("events", "firehose", "lambda", "logs", "scheduler", "states")]


def trusting_services(*services: str) -> dict[str, Any]:
    """Of a role that these act as."""
    statement = {"Effect": "Allow", "Principal": {"Service": list(services)}, "Action": "sts:AssumeRole"}
    return {"Version": "2012-10-17", "Statement": [statement]}


def trusting_both(account: str) -> dict[str, Any]:
    """Of a role that its account assumes, and services act as."""
    both = [trusting(account), trusting_services(*SERVICES)]
    return {"Version": "2012-10-17", "Statement": [statement for one in both for statement in one["Statement"]]}


TRUST = trusting_both(ACCOUNT)


class Party:
    """Somebody with keys, and his clients."""

    def __init__(self, lam: OwnLam, key: str, secret: str = SECRET, token: str | None = None) -> None:
        self._session = boto3.Session(key, secret, token, REGION)
        self._lam = lam
        self.credentials = self._session.get_credentials()

    def client(self, service: str) -> Any:
        return self._session.client(service, endpoint_url=self._lam.url, config=Config(**ONE_TRY))


class Account:
    """The root user of one, who makes others."""

    def __init__(self, lam: OwnLam, number: str) -> None:
        self.lam, self.number = lam, number
        self.root = Party(lam, number)
        self._iam = self.root.client("iam")

    def user(self, name: str, *statements: dict[str, Any]) -> Party:
        self._iam.create_user(UserName=name)
        if statements:
            self.allow(name, *statements)
        key = self._iam.create_access_key(UserName=name)["AccessKey"]
        return Party(self.lam, key["AccessKeyId"], key["SecretAccessKey"])

    def allow(self, name: str, *statements: dict[str, Any]) -> None:
        self._iam.put_user_policy(UserName=name, PolicyName="own", PolicyDocument=document(*statements))

    def role(self, name: str, *statements: dict[str, Any], trust: dict[str, Any] = TRUST, **more: Any) -> str:
        made = self._iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust), **more)
        if statements:
            self._iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=document(*statements))
        return str(made["Role"]["Arn"])

    def session(self, role: str, **more: Any) -> Party:
        said = self.root.client("sts").assume_role(RoleArn=role, RoleSessionName="one", **more)["Credentials"]
        return Party(self.lam, said["AccessKeyId"], said["SecretAccessKey"], said["SessionToken"])


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action: str | list[str], resource: str | list[str] = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: str, resource: str = "*", **more: Any) -> dict[str, Any]:
    return allow(action, resource, **more) | {"Effect": "Deny"}


def refusal(call: Any, *given: Any, **members: Any) -> tuple[str, str, int]:
    """Code, text and status of what is refused."""
    with pytest.raises(ClientError) as refused:
        call(*given, **members)
    said = refused.value.response
    return said["Error"]["Code"], said["Error"].get("Message", ""), said["ResponseMetadata"]["HTTPStatusCode"]


def text(who: str, action: str, resource: str, named: str | None = None) -> str:
    why = f"because no identity-based policy allows the {named or action} action"
    return f"User: {who} is not authorized to perform: {action} on resource: {resource} {why}"
