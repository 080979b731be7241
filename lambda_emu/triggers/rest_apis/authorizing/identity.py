"""What an authorizer is to look at of a request: `method.request.header.Authorization` and the like. No I/O."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from lambda_emu.triggers.http_event import parameters_of
from lambda_emu.triggers.rest_apis.entering import Entered

Find = Callable[[Entered, Mapping[str, Any], str], str | None]


def identity_values(sources: str, entered: Entered, context: Mapping[str, Any]) -> tuple[str, ...] | None:
    """In the order of the sources, which commas part; None: one of them is not there, or empty, or no source at all.

    context: of the request, as its event has it.
    """
    found = []
    for source in filter(None, (one.strip() for one in sources.split(","))):
        place = next((one for one in PLACES if source.startswith(one)), None)
        said = None if place is None else PLACES[place](entered, context, source.removeprefix(place))
        if not said:
            return None
        found.append(said)
    return tuple(found)


def _header(entered: Entered, _: Mapping[str, Any], name: str) -> str | None:
    return entered.request.header(name.lower().encode("latin-1", "replace"))


def _parameter(entered: Entered, _: Mapping[str, Any], name: str) -> str | None:
    return next(reversed(parameters_of(entered.request.query.decode("latin-1")).get(name, [])), None)


def _variable(entered: Entered, _: Mapping[str, Any], name: str) -> str | None:
    return entered.variables.get(name)


def _of_context(_: Entered, context: Mapping[str, Any], name: str) -> str | None:
    found: Any = context
    for part in name.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return None if found is None or isinstance(found, Mapping) else str(found)


PLACES: Mapping[str, Find] = {
    "method.request.header.": _header,
    "method.request.querystring.": _parameter,
    "stageVariables.": _variable,
    "context.": _of_context,
}
