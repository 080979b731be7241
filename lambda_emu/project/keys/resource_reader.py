"""Reads `resources:` of a project and `events:` of its functions; what they say together is checked here too."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from lambda_emu.model.route_keys import same_requests
from lambda_emu.project.declarations import Declared, DeclaredFunction
from lambda_emu.project.document import Document, Value
from lambda_emu.project.keys.events import EVENTS
from lambda_emu.project.keys.resources import HTTP_API, HTTP_API_KEYS, RESOURCES, DeclaredKind
from lambda_emu.project.keys.shapes import Found, read_keys

MOST_EVENTS = 100


def read_resources(document: Document, value: Value) -> tuple[Declared, ...]:
    """Those without a mistake."""
    found: list[Declared | None] = []
    for section, members in document.members(value, [*RESOURCES, HTTP_API]).items():
        if section == HTTP_API:
            found.append(_read_api(document, members))
            continue
        kind = RESOURCES[section]
        for name, member in document.members(members).items():
            found.append(_read_resource(document, kind, name, member))
    return tuple(one for one in found if one is not None)


def read_events(document: Document, value: Value) -> tuple[Declared, ...]:
    """Those without a mistake, of a list of mappings with one key each, its kind."""
    if value.is_mapping and not value.is_null:
        document.mistake(value, "must be a list, of a mapping with one key each, such as `- schedule: rate(1 hour)`")
        return ()
    items = document.items(value)
    if len(items) > MOST_EVENTS:
        document.mistake(value, f"must be at most {MOST_EVENTS}")
    found = []
    for item in items[:MOST_EVENTS]:
        members = document.members(item, [*EVENTS])
        if len(members) > 1:
            document.mistake(item, f"must have one key; {' and '.join(members)} are two events")
        elif not members and item.is_null:
            document.mistake(item, f"must be one of {', '.join(EVENTS)}")
        found += [_read_event(document, kind, member) for kind, member in members.items()]
    return tuple(one for one in found if one is not None)


def check_events(functions: Sequence[DeclaredFunction]) -> list[str]:
    """What no two events may be, each with its place: the same route, the same source of a function."""
    mistakes: list[str] = []
    seen: dict[tuple[str, str, str], str] = {}
    for function in functions:
        for event in function.events:
            for key in _what_is_one(function, event):
                if event.kind != "s3" and key in seen:
                    mistakes.append(f"{event.place()}: is declared already, at {seen[key]}")
                seen[key] = event.place()
    return mistakes


def _what_is_one(function: DeclaredFunction, event: Declared) -> Iterator[tuple[str, str, str]]:
    """What may be declared once: for all functions, or for each."""
    name = event.fields.get("Name", event.name)  # of its own, where two come from the same
    if event.kind == "cognito":
        yield from ((event.kind, event.name, trigger) for trigger in dict.fromkeys(event.fields["triggers"]))
    elif event.kind in ("http", "rest"):
        yield event.kind, same_requests(name), ""
    elif event.kind == "websocket":
        yield event.kind, name, ""
    else:
        of_what = (event.fields.get(member) for member in ("EventBusName", "Namespace", "Dimensions"))
        yield event.kind, " ".join(str(part or "") for part in (*of_what, name)), function.name


def _read_resource(document: Document, kind: DeclaredKind, name: str, value: Value) -> Declared | None:
    before = document.mistake_count
    document.check(value, name, kind.called)
    found = read_keys(document, value, kind.keys)
    if found is None or document.mistake_count > before:
        return None
    _check_fifo(document, value, name, found)
    return Declared(kind.name, name, found.fields, _places(document, value, found))


def _read_api(document: Document, value: Value) -> Declared | None:
    """There is one, without a name."""
    found = read_keys(document, value, HTTP_API_KEYS)
    return None if found is None else Declared(HTTP_API, "", found.fields, _places(document, value, found))


def _check_fifo(document: Document, value: Value, name: str, found: Found) -> None:
    is_fifo = name.endswith(".fifo")
    if "ContentBasedDeduplication" in found.fields and not is_fifo:
        document.mistake(value, "deduplicate_content is of FIFO ones, whose names end with .fifo")
    redrive = found.fields.get("RedrivePolicy")
    if redrive is not None and redrive["queue"].endswith(".fifo") != is_fifo:
        document.mistake(
            value, f"redrive: {redrive['queue']} must be {'a FIFO' if is_fifo else 'a standard'} queue too"
        )


def _read_event(document: Document, kind: str, value: Value) -> Declared | None:
    found = read_keys(document, value, EVENTS[kind].keys, EVENTS[kind].main)
    if found is None:
        return None
    fields = {field: read for field, read in found.fields.items() if field != "name"}
    return Declared(kind, found.fields.get("name", ""), MappingProxyType(fields), _places(document, value, found))


def _places(document: Document, value: Value, found: Found) -> Mapping[str, str]:
    return MappingProxyType({**found.places, "name": document.place(value)})
