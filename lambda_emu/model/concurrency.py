"""How much of the account's concurrency functions may reserve. Contract: quotas.md, api.md 1.3."""

from __future__ import annotations

from collections.abc import Iterable

from lambda_emu.arn import FunctionId
from lambda_emu.errors import ReservedConcurrencyTooHigh
from lambda_emu.model.function import Function
from lambda_emu.model.quotas import CONCURRENT_EXECUTIONS, MINIMUM_UNRESERVED


def check_reservation(id: FunctionId, wanted: int, functions: Iterable[Function]) -> None:
    """Raises ReservedConcurrencyTooHigh if `wanted` for this function would leave the others too little."""
    others = sum(function.reserved_concurrency or 0 for function in functions if function.id != id)
    if CONCURRENT_EXECUTIONS - others - wanted < MINIMUM_UNRESERVED:
        raise ReservedConcurrencyTooHigh(MINIMUM_UNRESERVED)
