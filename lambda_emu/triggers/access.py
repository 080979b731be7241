"""Who may call a function URL. docs/contract/events.md#function-urls, docs/contract/api.md#policies.

Signatures are not checked, as nowhere here; that there is one, for Lambda in the URL's region, is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from lambda_emu.arn import Target
from lambda_emu.errors.base import LambdaError
from lambda_emu.errors.resources import AccessDenied
from lambda_emu.gateway.credential import credential_of
from lambda_emu.gateway.request import Request
from lambda_emu.invoke.rules import INVOKE, authorize
from lambda_emu.model.credentials import account_of
from lambda_emu.model.function.function import Function
from lambda_emu.model.function.function_url import FunctionUrl

INVOKE_URL = "lambda:InvokeFunctionUrl"
SIGNED_FOR = "lambda"
ANONYMOUS = "anonymous"

_SIGNED = re.compile(rb"AWS4-HMAC-SHA256\s.*\bSignature=[0-9a-f]{64}\b")


@dataclass(frozen=True, slots=True)
class Caller:
    """Who signed a request: by its access key, of this account."""

    access_key: str
    account: str

    def authorizer(self, partition: str) -> dict[str, Any]:
        """As an event tells it. Callers have an account here and no user, so it is the root user's."""
        iam = {
            "accessKey": self.access_key,
            "accountId": self.account,
            "callerId": self.account,
            "cognitoIdentity": None,
            "principalOrgId": None,
            "userArn": f"arn:{partition}:iam::{self.account}:root",
            "userId": self.account,
        }
        return {"iam": iam}


def caller_of(asked: Request, region: str, own_account: str) -> Caller | None:
    """Who signed it, by header or by query; None: nobody, or for something else. own_account: of unknown keys."""
    authorization = asked.head.get(b"authorization")
    if authorization is None and b"X-Amz-Signature=" in asked.query:
        values = parse_qs(asked.query.decode("latin-1")).get("X-Amz-Credential", [""])
        authorization = b"Credential=" + values[0].encode("latin-1", "replace")
    elif authorization is None or _SIGNED.match(authorization) is None:
        return None
    credential = credential_of(authorization)
    if credential is None or credential.service != SIGNED_FOR or credential.region != region:
        return None
    return Caller(credential.access_key, account_of(credential.access_key) or own_account)


def check_access(function: Function, url: FunctionUrl, target: Target, caller: Caller | None) -> None:
    """UrlForbidden. AuthType NONE: the policy lets everybody in; AWS_IAM: it lets in other accounts."""
    if url.auth_type == "NONE":
        principal = ANONYMOUS
    elif caller is None:
        raise UrlForbidden(f"AuthType is AWS_IAM: sign for the service `{SIGNED_FOR}` in {target.id.region}.")
    elif caller.account == target.id.account:
        return
    else:
        principal = caller.account
    for action, key, value in (
        (INVOKE_URL, "lambda:FunctionUrlAuthType", url.auth_type),
        (INVOKE, "lambda:InvokedViaFunctionUrl", "true"),
    ):
        try:
            authorize(function, principal, action, target, {key: value})
        except AccessDenied as error:
            who = "everybody" if principal == ANONYMOUS else principal
            raise UrlForbidden(f"The resource policy does not allow {action} to {who}, with {key} {value}.") from error


class UrlForbidden(LambdaError):
    """hint: which rule it was, which AWS does not tell."""

    code, status, text_key, kind = "AccessDeniedException", 403, "Message", None

    def __init__(self, hint: str | None = None) -> None:
        super().__init__(
            "Forbidden. For troubleshooting Function URL authorization issues, see: "
            "https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html"
        )
        self.hint = hint


class UnknownUrl(LambdaError):
    """No function has it; recorded without a text."""

    code, status, text_key, kind = "AccessDeniedException", 403, "Message", None

    def __init__(self) -> None:
        super().__init__(None)
