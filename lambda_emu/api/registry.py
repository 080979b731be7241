"""Which function of ours serves which operation of the model: the one line every handler starts with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

HandlerFunction = TypeVar("HandlerFunction", bound=Callable[..., Any])

# What a handler returns: the members of the operation's output by their names in the model; None ones are left out.
Result = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Handler:
    """A plain function `(request, context) -> result`; a detached one is `(request, context, call)`.

    A detached handler that returns None answers later through its call; its result, if any, is answered at once.
    """

    function: Callable[..., Any]
    detached: bool


HANDLERS: dict[str, Handler] = {}


def operation(name: str, *, detached: bool = False) -> Callable[[HandlerFunction], HandlerFunction]:
    """Make the function below serve this operation of botocore's model."""

    def register(function: HandlerFunction) -> HandlerFunction:
        assert name not in HANDLERS, f"{name} has two handlers"
        HANDLERS[name] = Handler(function, detached)
        return function

    return register
