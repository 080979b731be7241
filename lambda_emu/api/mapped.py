"""What is asked of event source mappings by operations of their own and by those of the functions that they run."""

from __future__ import annotations

from contextlib import suppress

from lambda_emu.api.context import RequestContext
from lambda_emu.arn import FunctionId
from lambda_emu.model.mappings.mapping import EventSourceMapping
from lambda_emu.model.mappings.refusals import FunctionTimeoutTooLong, QueueMissing, QueueUnreachable
from lambda_emu.model.mappings.sources import POLLED, RULES, SourceKind


def mapping_at(mapping: EventSourceMapping, context: RequestContext, now_s: float) -> EventSourceMapping | None:
    """As it is now; None once it is gone."""
    return mapping.at(now_s, is_ending=context.sources.is_ending(mapping.uuid))


def check_limit(kind: SourceKind, timeout_s: int) -> None:
    """FunctionTimeoutTooLong for a function that may run for longer than a source of that kind allows."""
    if timeout_s > RULES[kind].function_timeout_s:
        raise FunctionTimeoutTooLong(timeout_s, RULES[kind].function_timeout_s)


def check_timeout(context: RequestContext, id: FunctionId, timeout_s: int) -> None:
    """Raise if mappings of the function's $LATEST allow it no such timeout. A source that is gone has no say."""
    now_s = context.clock.now_s()
    for mapping in context.store.mappings.all(id.scope):
        if mapping.unqualified != id.arn() or mapping_at(mapping, context, now_s) is None:
            continue
        check_limit(mapping.kind, timeout_s)
        if mapping.kind in POLLED:
            with suppress(QueueMissing, QueueUnreachable):
                context.sources.check(mapping, timeout_s)
