"""What the account may use, and does. docs/contract/api.md#account, docs/contract/quotas.md."""

from __future__ import annotations

from lambda_emu.api.context import RequestContext
from lambda_emu.api.operations import Result, operation
from lambda_emu.invoke.rules import unreserved_concurrency
from lambda_emu.model.changes.settings import UNZIPPED_LIMIT_BYTES
from lambda_emu.model.layers.layer import code_bytes
from lambda_emu.model.quotas import CODE_STORAGE_BYTES
from lambda_emu.store.code.artifacts import ZIPPED_LIMIT_BYTES


@operation("GetAccountSettings")
def get_account_settings(_: object, context: RequestContext) -> Result:
    functions = context.store.functions.all(context.scope)
    layers = context.store.layers.all(context.scope)
    unreserved = unreserved_concurrency(functions, context.account_concurrency)
    return {
        "AccountLimit": {
            "TotalCodeSize": CODE_STORAGE_BYTES,
            "CodeSizeUnzipped": UNZIPPED_LIMIT_BYTES,
            "CodeSizeZipped": ZIPPED_LIMIT_BYTES,
            "ConcurrentExecutions": context.account_concurrency,
            "UnreservedConcurrentExecutions": max(0, unreserved),
        },
        "AccountUsage": {"TotalCodeSize": code_bytes(functions, layers), "FunctionCount": len(functions)},
    }
