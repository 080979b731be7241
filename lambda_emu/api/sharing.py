"""What the resource policy of a function lets another account do with it. Contract: api.md 1.8."""

from __future__ import annotations

from dataclasses import replace

from lambda_emu.api.context import RequestContext
from lambda_emu.arn import Target
from lambda_emu.errors.resources import AccessDenied
from lambda_emu.model.policies.decision import allows

INVOKE = "lambda:InvokeFunction"
INVOKING = ("Invoke", "InvokeAsync", "InvokeWithResponseStream")

# Operations that AWS's guide says can be allowed to other accounts, besides those that invoke.
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
    function = context.store.function(target.id)
    policy = None if function is None else function.policies.get(target.qualifier or "")
    action = INVOKE if operation in INVOKING else f"lambda:{operation}"
    grantable = operation in INVOKING or operation in GRANTABLE
    if policy is None or not grantable or not allows(policy, context.scope.account, action, target.arn):
        raise AccessDenied
    return replace(context, scope=target.id.scope)
