"""Tells what a stack has no effect with that came over the network, as it is told of templates that are served."""

from __future__ import annotations

from lambda_emu.api.context import RequestContext
from lambda_emu.templates.layers import layers_without_effect
from lambda_emu.templates.stack import Stack
from lambda_emu.templates.strict import without_effect

MOST_LINES = 20
"""Of a stack; the log says how many more there are."""


def tell_without_effect(stack: Stack, context: RequestContext) -> None:
    """Each line once, in the log: who asks the API has no other place to hear it."""
    found = [*without_effect(stack), *layers_without_effect(stack, context.scope, context.knows_layer)]
    for line in found[:MOST_LINES]:
        context.notices.tell(f"stack {stack.name}: {line.partition(': ')[2]}")
    if len(found) > MOST_LINES:
        context.notices.tell(f"stack {stack.name}: {len(found) - MOST_LINES} more have no effect here")
