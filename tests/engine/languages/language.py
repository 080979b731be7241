"""What the suite of all languages needs to know of one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from own import OwnLam, own_emulator

HANDLERS = Path(__file__).parents[1] / "handlers"
Files = Mapping[str, str | bytes]
LEVELS = ("debug", "info", "warn", "error")
AS_RECORD, AS_TEXT = "record", "text"

Serve = Callable[[pytest.Config, Path, str], AbstractContextManager[OwnLam]]


def _own(_: pytest.Config, folder: Path, engine: str) -> AbstractContextManager[OwnLam]:
    return own_emulator(folder, engine, pull_images=False, cpu="unlimited")  # which starts them faster


@dataclass(frozen=True)
class Failure:
    """How a function fails that cannot even begin. type: of the error, if it has one; says: a part of its message."""

    handler: str
    type: str | None
    says: str


@dataclass(frozen=True)
class Thrown:
    """What the invocation of a handler that throws is answered. says: a part of the message.

    ends: whether its process ends by it, so that the next invocation has another.
    """

    type: str | None
    says: str
    ends: bool = False


@dataclass(frozen=True)
class Form:
    """A handler of another form than most, with an event and what it returns."""

    handler: str
    event: object
    result: object


@dataclass(frozen=True)
class Language:
    """A language, by code that does what the suite asks of it, and by what only this language does so.

    It brings handlers/every.*, whose handler gets `{"do": action, "value": value}`. What a row of the suite cannot hold
    for stands with its reason under `differs` in runtimes/<family>.yaml. The actions:

    echo: returns the value. calls: returns how often this process was invoked, this time included. throw: throws the
    language's ordinary error with the value as its message; throw_own: one of a class of its own; throw_cause: throw's,
    caused by another; throw_odd: what is no ordinary error. context: returns id, name, version, arn, memory, group,
    stream, left (ms), identity (its id, null without), of the client context custom and title (its client's app_title;
    null without) and trace (the header). left: sleeps value ms, returns what is left of the time before and after, in
    ms. environment: returns all variables. layer: returns the word that is in the layer. print: prints the value as a
    line, then writes `<value> by the logger` by the language's logger, returns null. log: writes `at <value>` by the
    logger at one of LEVELS, returns null. large: returns a text of value times `x`. exit: ends the process with this
    status. kill: ends it by the signal of this number, 9 for null. sleep: sleeps value seconds, returns null. fill:
    takes value MB of memory, every page of it, returns the value. write: writes `x` into the file of that path, returns
    whether it could. read: returns the text of a file, null where there is none. beat: notes the time, starts work in
    the background that does so every 2 ms for ever, returns null at once. pause: returns the longest time between two
    notes, in ms, once five more were made.

    name: what cases are named by where a family has several. files: its code. layer: files of a layer with the word
    `from a layer`. error: the type of what `throw` throws; members: the names in its error's JSON, in their order;
    trace: which of them tells where, if one does. throws: what throw_own, throw_cause and throw_odd are answered.
    failures: by what is wrong: `broken` throws when loaded, `no module` is not there, `no function` is not in there.
    ends: a handler whose code, when loaded, ends its process with the status in the variable ENDS, 3 without it; of a
    negative number by that signal. forms: handlers of other forms. line: how its logger writes, with {time}, {id} of
    the request, {text} and {any}. segmentation: how the process ends by signal 11. starved: what `fill` is answered
    where there is less. levels: what its logger calls LEVELS in JSON; names_request: whether its records there have
    the request's id; tells_errors: how what `throw` throws stands there: as a record, as it does in text, or, None, in
    no log. variables: what it finds in its environment besides what all languages do and the catalogue has for its
    runtimes; may_have: names whose values nobody compares. serve: an emulator on an engine, by its name, with its
    project below a folder.
    """

    family: str
    handler: str
    files: Callable[[pytest.Config], Files]
    layer: Callable[[pytest.Config], Files]
    error: str
    members: tuple[str, ...]
    trace: str | None
    failures: Mapping[str, Failure]
    ends: str
    throws: Mapping[str, Thrown] = field(default_factory=dict)
    forms: tuple[Form, ...] = ()
    line: str = "{text}"
    segmentation: str = "signal: segmentation fault"
    starved: Thrown = Thrown("Runtime.OutOfMemory", "Runtime exited with error: signal: killed", ends=True)
    levels: tuple[str, str, str, str] = ("DEBUG", "INFO", "WARN", "ERROR")
    names_request: bool = True
    tells_errors: str | None = AS_RECORD
    memory: type = str
    may_have: tuple[str, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    name: str = ""
    serve: Serve = _own
