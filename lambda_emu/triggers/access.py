"""Who may call a function URL. docs/contract/events.md#function-urls, docs/contract/api.md#policies."""

from __future__ import annotations

from lambda_emu.arn import Target
from lambda_emu.errors.base import BriefError, LambdaError
from lambda_emu.errors.resources import AccessDenied
from lambda_emu.invoke.rules import INVOKE, authorize
from lambda_emu.model.function.function import Function
from lambda_emu.model.function.function_url import FunctionUrl

INVOKE_URL = "lambda:InvokeFunctionUrl"
SIGNED_FOR = "lambda"
ANONYMOUS = "anonymous"
ASKED_OF_SIGNERS = {
    INVOKE_URL: {"lambda:functionurlauthtype": "AWS_IAM"},
    INVOKE: {"lambda:invokedviafunctionurl": "true"},
}
"""Both are needed; with what conditions are told."""


def check_access(function: Function, url: FunctionUrl, target: Target, account: str | None) -> None:
    """UrlForbidden. AuthType NONE: the policy lets everybody in; AWS_IAM: it lets in other accounts.

    account: of who signed; None: nobody did.
    """
    if url.auth_type == "NONE":
        principal = ANONYMOUS
    elif account is None:
        raise UrlForbidden(f"AuthType is AWS_IAM: sign for the service `{SIGNED_FOR}` in {target.id.region}.")
    elif account == target.id.account:
        return
    else:
        principal = account
    for action, key, value in (
        (INVOKE_URL, "lambda:FunctionUrlAuthType", url.auth_type),
        (INVOKE, "lambda:InvokedViaFunctionUrl", "true"),
    ):
        try:
            authorize(function, principal, action, target, {key: value})
        except AccessDenied as error:
            who = "everybody" if principal == ANONYMOUS else principal
            raise UrlForbidden(f"The resource policy does not allow {action} to {who}, with {key} {value}.") from error


class UrlForbidden(BriefError):
    """A rule says no."""

    code, status, text_key = "AccessDeniedException", 403, "Message"
    words = (
        "Forbidden. For troubleshooting Function URL authorization issues, see: "
        "https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html"
    )


class UnknownUrl(LambdaError):
    """No function has it; recorded without a text."""

    code, status, text_key, kind = "AccessDeniedException", 403, "Message", None

    def __init__(self) -> None:
        super().__init__(None)
