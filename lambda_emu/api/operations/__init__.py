"""The operations of the Lambda API, one file for each family: plain functions from a checked request to a result.

`call` is a client without a wire, for who deploys in this process; `perform` is what a wire puts between parsing and
rendering. A family is imported when an operation that is not there yet is asked for: who only runs functions does not
wait for the others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from typing import Any, TypeVar

from msgspec import Struct

from lambda_emu.api.context import RequestContext
from lambda_emu.api.effects import tell
from lambda_emu.api.elsewhere import hint
from lambda_emu.api.sharing import for_owner
from lambda_emu.api.wire.service_model import lambda_model
from lambda_emu.errors.resources import NotFound, OtherAccount
from lambda_emu.errors.service import NotBuiltYet
from lambda_emu.model.mappings.refusals import MappedFunctionNotFound

HandlerFunction = TypeVar("HandlerFunction", bound=Callable[..., Any])

# What a handler returns: the members of the operation's output by their names in the model; None ones are left out.
Result = dict[str, Any]


class Handler(Struct, frozen=True):
    """A plain function `(request, context) -> result`; a detached one is `(request, context, call)`.

    A detached handler that returns None answers later through its call; its result, if any, is answered at once.
    """

    function: Callable[..., Any]
    detached: bool


_HANDLERS: dict[str, Handler] = {}


def operation(name: str, *, detached: bool = False) -> Callable[[HandlerFunction], HandlerFunction]:
    """Make the function below serve this operation of botocore's model."""

    def register(function: HandlerFunction) -> HandlerFunction:
        assert name not in _HANDLERS, f"{name} has two handlers"
        _HANDLERS[name] = Handler(function, detached)
        return function

    return register


def handler_of(name: str) -> Handler:
    """What serves an operation. NotBuiltYet for one that is younger than this."""
    handler = _HANDLERS.get(name) or all_handlers().get(name)
    if handler is None:
        raise NotBuiltYet(f"Operation {name}")
    return handler


def load(family: str) -> None:
    """Have the operations of a family, one of the files here, without looking through the others."""
    import_module(f"{__name__}.{family}")


@cache
def all_handlers() -> Mapping[str, Handler]:
    """Every handler there is, by operation."""
    from pkgutil import iter_modules  # here: a start asks for no more than what it knows

    for module in iter_modules(__path__):
        load(module.name)
    return _HANDLERS


def call(name: str, members: Mapping[str, Any], context: RequestContext) -> Result:
    """Do an operation as for a client: the model's constraints, the rules, the errors as exceptions.

    members: of its input, by their names in the model; a blob is bytes, a file or code that is kept already. The
    result has the members of its output but for those that are None. Invoke answers later: see the room invoke.
    """
    assert not handler_of(name).detached, f"{name} answers later"
    result: Result = _without_none(perform(name, check(name, members), context))
    return result


def check(name: str, members: Mapping[str, Any]) -> Any:
    """The request of an operation, which keeps the model's constraints. MalformedRequest, ConstraintViolations."""
    return lambda_model().input(name).take(members)


def perform(name: str, request: Mapping[str, Any], context: RequestContext, *later: Any) -> Any:
    """Do an operation whose request is checked. later: how a detached one answers, when the result is None.

    What is another account's is done if its policy allows it; what is elsewhere is hinted at; what has no effect told.
    """
    function = handler_of(name).function
    try:
        result = function(request, context, *later)
    except OtherAccount as other:
        result = function(request, for_owner(context, name, other.target), *later)
    except (NotFound, MappedFunctionNotFound) as error:
        hint(context, error, request)
        raise
    tell(context, name, request)
    return result


def _without_none(value: Any) -> Any:
    if isinstance(value, dict):
        return {member: _without_none(part) for member, part in value.items() if part is not None}
    return [_without_none(part) for part in value] if isinstance(value, list) else value
