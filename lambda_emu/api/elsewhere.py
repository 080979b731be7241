"""What is not where its caller looks for it, but in another region or account: the hint that says so.

AWS's answer stays what it is; the hint goes into the log, once, and into the header X-Lambda-Emu-Hint.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from lambda_emu.api.context import RequestContext
from lambda_emu.api.lookup import layer_id
from lambda_emu.arn import Scope, Target
from lambda_emu.errors.base import LambdaError
from lambda_emu.store import Store, Table

MOST_PLACES = 3

Key = tuple[Scope, str]


def _function(context: RequestContext, written: str) -> Key:
    id = context.target(written).id
    return id.scope, id.name


def _layer(context: RequestContext, written: str) -> Key:
    id = layer_id(context, written)
    return id.scope, id.name


def _itself(context: RequestContext, written: str) -> Key:
    return context.scope, written


# By the member that names it: the word for it, where such are kept, and by which key.
KINDS: Mapping[str, tuple[str, Callable[[Store], Table[Any]], Callable[[RequestContext, str], Key]]] = {
    "FunctionName": ("function", lambda store: store.functions, _function),
    "LayerName": ("layer", lambda store: store.layers, _layer),
    "CapacityProviderName": ("capacity provider", lambda store: store.capacity_providers, _itself),
    "UUID": ("event source mapping", lambda store: store.mappings, _itself),
}


def hint(context: RequestContext, error: LambdaError, request: Mapping[str, Any]) -> None:
    """Give the error its hint, if the request names something that is only elsewhere."""
    for member, (word, table_of, key_of) in KINDS.items() if error.hint is None else ():
        if isinstance(request.get(member), str):
            with suppress(LambdaError, ValueError):
                scope, name = key_of(context, request[member])
                error.hint = _hint(table_of(context.store), word, scope, name)
            break
    if error.hint is not None:
        context.notices.tell(error.hint)


def hint_of_account(context: RequestContext, error: LambdaError, target: Target) -> None:
    """Give it to the refusal of a name that leads to another account; it says nothing of what is there."""
    there, here, name = target.id.scope.account, context.scope, target.id.name
    is_own = context.store.functions.get(here, name) is not None
    own = f"; there is a function {name} in that of the caller" if is_own else ""
    error.hint = f"the name is of account {there}, and the caller's credentials mean account {here.account}{own}"
    context.notices.tell(error.hint)


def _hint(table: Table[Any], word: str, scope: Scope, name: str) -> str | None:
    places = sorted(table.scopes_of(name), key=lambda other: (other.account != scope.account, other.region))
    if not places or scope in places:
        return None
    there = ", ".join(f"region {place.region} of account {place.account}" for place in places[:MOST_PLACES])
    return (
        f"the caller's credentials mean region {scope.region} of account {scope.account}, "
        f"where there is no {word} {name}; there is one in {there}"
    )
