"""What moto knows outlives the process: each change is in the journal before it is made, and snapshots shorten that."""

from __future__ import annotations

import io
import json
import logging
import secrets
import sys
import threading
import time
from collections.abc import Callable, Collection, Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from moto.core.request import PRESERVED_HEADER_NAMES_ENVIRON_KEY as HEADER_NAMES

from lambda_emu.services.child.program import current_request
from lambda_emu.services.child.program.clock import clock
from lambda_emu.services.child.program.front import Front
from lambda_emu.services.child.program.objects.bodies import SMALL_BYTES, Bodies, Body, pieces_of
from lambda_emu.services.child.program.objects.intake import content_of, given_again, take_in
from lambda_emu.services.child.program.state.changes import RequestKind, kind_of
from lambda_emu.services.child.program.state.emptying import empty_account
from lambda_emu.services.child.program.state.journal import JOURNAL, Entry, open_journal
from lambda_emu.services.child.program.state.made import make_change, said_of
from lambda_emu.services.child.program.state.moment import moment
from lambda_emu.services.child.program.state.roles import make_roles
from lambda_emu.services.child.program.state.rotation import rotated, write_rotated
from lambda_emu.services.child.program.state.snapshots import Snapshots

log = logging.getLogger(__name__)

FORM = "application/x-www-form-urlencoded"
MOST_ENTRIES = 1000
"""As many are made again at a start in some 3 s; then there is a snapshot."""
ENTRY_S = 0.0025
SELDOM = 10
"""A snapshot is not written before as much was journalled as it takes so many times its own time to make again."""
UNUSED_BYTES = 1024 * 1024
"""Of bodies that a snapshot would let go: so many count like a change."""
IDLE_S = 20.0
IDLE_ENTRIES = 200
LOOK_S = 0.5
USER_POOLS = "cognitoidp"
GROUPS = {
    "cognitoidentity": USER_POOLS,
    "dynamodbstreams": "dynamodb",
    "s3control": "s3",
    "sesv2": "ses",
    "sts": "iam",
}
"""Services that know each other's things: these change them one after the other."""
MADE = "made"
"""The path of an entry that is no request, but a change of another kind."""
ROTATED = "rotated"
"""The path of an entry that says what a rotation came to."""

WSGI = {
    "wsgi.version": (1, 0),
    "wsgi.url_scheme": "http",
    "wsgi.errors": sys.stderr,
    "wsgi.multithread": True,
    "wsgi.multiprocess": False,
    "wsgi.run_once": False,
}

Environ = dict[str, Any]
Run = Callable[[str, Environ, Callable[..., Any]], Iterable[bytes]]
Answer = tuple[str, list[tuple[str, str]], bytes]


class Keeper:
    """Takes requests to moto in. run: has moto answer one. prepare: imports a service; prepared: which ones are;
    served: which ones could be.

    key: of a name; what was made for it the first time, whenever it is asked for.
    """

    def __init__(
        self,
        folder: Path,
        bodies: Bodies,
        front: Front,
        run: Run,
        prepare: Callable[[str], object],
        prepared: Callable[[], list[str]],
        served: Collection[str],
    ) -> None:
        self._front = front
        self._run = run
        self._prepare = prepare
        self._prepared = prepared
        self._changing = {name: threading.Lock() for name in sorted({GROUPS.get(each, each) for each in served})}
        """One change of a service at a time, and none in a snapshot. Not held while a function runs."""
        self._lock = threading.Lock()  # guards the journal and what is counted below, for a moment; after those above
        self.bodies = bodies
        self._journal = open_journal(folder / JOURNAL)
        self._snapshots = Snapshots(folder, self.bodies)
        self._snapshot_s = 0.0
        self._pending = 0  # entries since the last snapshot
        self._changed_s = 0.0
        self._is_watched = False
        self.key = bodies.memo = self._journal.key

    # -- at the start -----------------------------------------------------------------------------

    def restore(self) -> None:
        """Read the snapshot, and make again what came after it; nobody is told of it another time."""
        for fatal in self._journal.fatal():
            log.warning("the process died of change %d of its journal twice, which is left out from now on", fatal)
            self._journal.drop(fatal)
            self._journal.ended_again(fatal)
        self._front.is_silent = True
        try:
            found = self._snapshots.load(self._prepare)
            for entry in self._journal.entries():
                if found is None or entry.id > found.until or entry.service not in found.services:
                    self._make_again(entry)
        finally:
            self._front.is_silent = False
        if found is not None or not self._snapshots.are_there:  # else somebody may still read the one that is
            self.bodies.remove_all_but(self._journal.files() | set(() if found is None else found.files))
        self._pending = self._journal.count()

    def _make_again(self, entry: Entry) -> None:
        try:
            self._prepare(entry.service)  # takes seconds, in which somebody may kill us, and nobody dies of the change
            self._journal.begin_again(entry.id)
            if entry.environ["PATH_INFO"] == ROTATED:
                rotated(json.loads(entry.body))
            elif entry.environ["PATH_INFO"] == MADE:
                with moment(entry.seed, entry.time_s):
                    make_change(json.loads(entry.body))
            else:
                status, _, said = self._ask_again(entry)
                if status >= "4":
                    log.warning("change %d of the journal is refused now: %s %s", entry.id, status, said[:300])
        except Exception:
            log.exception("change %d of the journal could not be made again, and is left out", entry.id)
            self._journal.drop(entry.id)
        self._journal.ended_again(entry.id)

    def _ask_again(self, entry: Entry) -> Answer:
        environ = {**WSGI, **entry.environ}
        if not given_again(environ, entry.file or entry.body, self.bodies):
            body = io.BytesIO(entry.body) if entry.file is None else self.bodies.find(entry.file).open()
            environ["wsgi.input"] = body
            if entry.service == "s3":  # by an older lambda-emu; the file has the same name each time
                with moment(entry.seed + 1, entry.time_s):
                    take_in(environ, self.bodies)
        with moment(entry.seed, entry.time_s):
            return self._collect(entry.service, environ)

    @property
    def is_changing(self) -> bool:
        """Whether a change is being made."""
        return any(lock.locked() for lock in self._changing.values())

    def close(self) -> None:
        """As if the process had ended."""
        with self._lock:
            self._journal.close()

    # -- requests ---------------------------------------------------------------------------------

    def serve(self, backend: str, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        form = _form(environ)
        kind = kind_of(backend, environ, form)
        if kind is RequestKind.READ:
            return self._run(backend, environ, start_response)
        body = self._body(environ)
        entry, has_changed = _entry(backend, environ, body), False
        try:
            if kind is RequestKind.CHANGE:
                status, headers, said = self._change(entry, environ)
            else:
                status, headers, said = self._change_unlocked(entry, environ, kind)
            has_changed = _is_done(status)
        finally:
            if isinstance(body, Body) and not has_changed:
                self.bodies.remove(body)
        start_response(status, headers)
        return [said]

    def _body(self, environ: Environ) -> Body | bytes:
        """What came with it, which moto reads from there."""
        content = content_of(environ)
        if content is not None:
            return content.body or bytes(content)
        length, source = int(environ.get("CONTENT_LENGTH") or 0), environ["wsgi.input"]
        if length > SMALL_BYTES:
            kept = self.bodies.keep(pieces_of(source, length))
            environ["wsgi.input"] = kept.open()
            return kept
        body: bytes = source.read(length) if length else b""
        environ["wsgi.input"] = io.BytesIO(body)
        return body

    def _change(self, entry: Entry, environ: Environ) -> Answer:
        with self._changing[GROUPS.get(entry.service, entry.service)], current_request.later() as later:
            id, has_changed = self._begin(entry), False
            try:
                with moment(entry.seed, entry.time_s):
                    answer = self._collect(entry.service, environ)
                has_changed = _is_done(answer[0])
            finally:
                self._end(id, has_changed=has_changed)
        for deliver in later:
            deliver()
        return answer

    def _change_unlocked(self, entry: Entry, environ: Environ, kind: RequestKind) -> Answer:
        with moment(entry.seed, entry.time_s):
            answer = self._collect(entry.service, environ)
        if _is_done(answer[0]):
            if kind is RequestKind.ROTATION:
                said = json.dumps(write_rotated(answer[2])).encode()
                entry = Entry(0, entry.service, entry.seed, entry.time_s, {"PATH_INFO": ROTATED}, said, None)
            self._end(self._begin(entry), has_changed=True)
        return answer

    def make(self, said: dict[str, Any], service: str = USER_POOLS) -> Any:
        """A change that is no request, as one of a user pool that comes of what a function answered. Refused."""
        body = json.dumps(said).encode()
        entry = Entry(0, service, secrets.randbits(62), clock.now_s(), {"PATH_INFO": MADE}, body, None)
        with self._changing[GROUPS.get(service, service)]:
            id, has_changed = self._begin(entry), False
            try:
                with moment(entry.seed, entry.time_s):
                    made = make_change(said)
                has_changed = True
            finally:
                self._end(id, has_changed=has_changed)
        return made

    def empty(self, service: str, account: str) -> None:
        """Whatever the service knows of an account is gone."""
        self.make(said_of(empty_account, {"service": service, "account": account}), service)

    def make_roles(self, roles: list[Any]) -> None:
        """As one change."""
        self.make(said_of(make_roles, {"roles": roles}), "iam")

    def _begin(self, entry: Entry) -> int:
        with self._lock:
            return self._journal.begin(entry)

    def _end(self, id: int, *, has_changed: bool) -> None:
        with self._lock:
            self._journal.end(id, has_changed=has_changed)
            self._pending += 1 + self.bodies.unused_bytes() // UNUSED_BYTES
            self._changed_s = time.monotonic()
            if self._pending >= IDLE_ENTRIES and not self._is_watched:
                self._is_watched = True
                threading.Thread(target=self._watch, name="snapshot", daemon=True).start()

    def _collect(self, backend: str, environ: Environ) -> Answer:
        begun: list[tuple[str, list[tuple[str, str]]]] = []

        def start(status: str, headers: list[tuple[str, str]], *_: Any) -> None:
            begun.append((status, headers))

        pieces = self._run(backend, environ, start)
        body = b"".join(pieces)
        return (*begun[-1], body)

    # -- snapshots --------------------------------------------------------------------------------

    def _watch(self) -> None:
        """Until what was changed is written: when it is enough, or nobody changes anything any more."""
        while not self._is_due():
            time.sleep(LOOK_S)
        with ExitStack() as stack:
            for lock in self._changing.values():  # always in this order
                stack.enter_context(lock)
            with self._lock:
                self._write_snapshot()
                self._is_watched = False

    def _is_due(self) -> bool:
        with self._lock:
            is_enough = self._pending >= MOST_ENTRIES and self._pending * ENTRY_S >= SELDOM * self._snapshot_s
            return is_enough or time.monotonic() - self._changed_s >= IDLE_S

    def _write_snapshot(self) -> None:
        begun_s = time.monotonic()
        try:
            made = self._snapshots.write(self._prepared(), self._journal.last())
        except OSError as error:
            log.warning("what the services know could not be written: %s", error)
            self._pending = 0  # it is tried again after as many changes
            return
        self._journal.forget(made.until, list(made.services))
        self.bodies.remove_all_but(self._journal.files() | set(made.files))
        self._pending = 0
        self._snapshot_s = time.monotonic() - begun_s


def _entry(backend: str, environ: Environ, body: Body | bytes) -> Entry:
    said = {name: value for name, value in environ.items() if name.isupper() and isinstance(value, str)}
    said[HEADER_NAMES] = environ.get(HEADER_NAMES, {})
    small, file = (body, None) if isinstance(body, bytes) else (b"", body.name)
    return Entry(0, backend, secrets.randbits(62), clock.of(backend), said, small, file)


def _is_done(status: str) -> bool:
    return status < "4"


def _form(environ: Environ) -> bytes:
    """The body, where it may name the operation; it can be read once more."""
    length = int(environ.get("CONTENT_LENGTH") or 0)
    if not environ.get("CONTENT_TYPE", "").startswith(FORM) or "HTTP_X_AMZ_TARGET" in environ:
        return b""
    form: bytes = environ["wsgi.input"].read(length)
    environ["wsgi.input"] = io.BytesIO(form)
    return form
