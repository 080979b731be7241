"""What the resource policy of a function lets another account do with it. docs/contract/api.md#policies."""

from __future__ import annotations

from msgspec.structs import replace

from lambda_emu.api.context import RequestContext
from lambda_emu.api.elsewhere import hint_of_account
from lambda_emu.arn import Target
from lambda_emu.errors.resources import AccessDenied
from lambda_emu.invoke.rules import authorize

# Operations that AWS's guide says can be allowed to other accounts. To invoke can be, too: that is asked in invoke/.
GRANTABLE = frozenset(
    {
        *("CreateAlias", "DeleteAlias", "GetAlias", "ListAliases", "UpdateAlias"),
        *("DeleteFunction", "GetFunction", "GetFunctionConfiguration", "UpdateFunctionCode"),
        *("DeleteFunctionConcurrency", "GetFunctionConcurrency", "PutFunctionConcurrency"),
        *("DeleteFunctionEventInvokeConfig", "GetFunctionEventInvokeConfig", "ListFunctionEventInvokeConfigs"),
        *("PutFunctionEventInvokeConfig", "UpdateFunctionEventInvokeConfig"),
        *("DeleteProvisionedConcurrencyConfig", "GetProvisionedConcurrencyConfig"),
        *("ListProvisionedConcurrencyConfigs", "PutProvisionedConcurrencyConfig"),
        *("GetPolicy", "ListVersionsByFunction", "PublishVersion"),
        *("ListTags", "TagResource", "UntagResource"),
    }
)


def for_owner(context: RequestContext, operation: str, target: Target) -> RequestContext:
    """The context as the owner of this function sees it, for a caller of another account whom its policy lets in.

    Else AccessDenied, whether or not there is such a function.
    """
    try:
        if operation not in GRANTABLE:
            raise AccessDenied
        authorize(context.store.function(target.id), context.scope.account, f"lambda:{operation}", target)
    except AccessDenied as error:
        hint_of_account(context, error, target)
        raise
    return replace(context, scope=target.id.scope)
