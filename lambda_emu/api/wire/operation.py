"""One operation of the Lambda API on the wire: a WSGI environ becomes a typed request, a result becomes an answer."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from lambda_emu.api.wire import quirks
from lambda_emu.api.wire.bodies import BODY_FILE, read_body, read_spooled
from lambda_emu.api.wire.composites import ListShape, Member, StructureShape
from lambda_emu.api.wire.shapes import BlobShape, read_json
from lambda_emu.errors.request import ConstraintViolations, MalformedRequest
from lambda_emu.gateway.answers import Answer

MOST_PARAMETERS = 256
"""Of a query; an operation has a handful, or a list of 50 keys. Taking 64 KB of them apart would take 16 ms."""
JSON_TYPE = ("Content-Type", "application/json")


@dataclass(frozen=True, slots=True)
class Input:
    """Where the members of a request are found. Each pair: a member, and its name at that place."""

    shape: StructureShape
    path: tuple[tuple[Member, str], ...]
    query: tuple[tuple[Member, str], ...]
    headers: tuple[tuple[Member, str], ...]  # the names are environ keys
    payload: Member | None  # the member that is the whole body
    body: StructureShape | None  # the members of a JSON body; None: no body is read

    def parse(self, environ: Mapping[str, Any], path: Mapping[str, str], read: Callable[[], Any]) -> dict[str, Any]:
        request = {member.name: member.shape.from_text(path[name]) for member, name in self.path}
        if self.query and environ.get("QUERY_STRING"):
            request.update(self._from_query(environ["QUERY_STRING"]))
        for member, key in self.headers:
            if (text := environ.get(key)) is not None:
                request[member.name] = member.shape.from_text(text)
        if self.payload is not None or self.body is not None:
            request.update(self._from_body(read()))
        return request

    def _from_query(self, query_string: str) -> Iterator[tuple[str, Any]]:
        if query_string.count("&") >= MOST_PARAMETERS:
            raise MalformedRequest(f"The query string has more than {MOST_PARAMETERS} parameters")
        values = parse_qs(query_string, keep_blank_values=True, encoding="utf-8", errors="replace")
        for member, name in self.query:
            if texts := values.get(name):
                shape = member.shape
                value = shape.from_texts(texts) if isinstance(shape, ListShape) else shape.from_text(texts[-1])
                yield member.name, value

    def _from_body(self, body: Any) -> dict[str, Any]:
        if isinstance(body, bytes):
            if self.payload is not None and isinstance(self.payload.shape, BlobShape):
                return {self.payload.name: body} if body or self.payload.required else {}
            body = read_json(body) if body.strip() else {}
        if self.payload is not None:
            return {self.payload.name: self.payload.shape.read(body)} if body else {}
        assert self.body is not None
        return self.body.read(body)


@dataclass(frozen=True, slots=True)
class Output:
    """Where the members of a result go."""

    status: Member | None
    headers: tuple[tuple[Member, str], ...]
    payload: Member | None
    body: StructureShape | None  # None: the answer has no body

    def write(self, status: int, result: dict[str, Any]) -> Answer:
        """Members that are absent or None are left out."""
        if self.status is not None:
            status = result.get(self.status.name, status)
        headers = [JSON_TYPE]
        for member, name in self.headers:
            if (value := result.get(member.name)) is not None:
                headers.append((name, str(value)))
        return Answer(status, headers, b"" if status == 204 else self._write_body(result))

    def _write_body(self, result: dict[str, Any]) -> bytes:
        if self.payload is not None:
            payload = result.get(self.payload.name, b"")
            return payload if isinstance(payload, bytes) else _dump(self.payload.shape.write(payload))
        return b"" if self.body is None else _dump(self.body.write(result))


def _dump(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of the model, with all that can be computed ahead. status: of an answer that says no other."""

    name: str
    status: int
    input: Input
    output: Output

    def parse(self, environ: Mapping[str, Any], path: Mapping[str, str]) -> dict[str, Any]:
        """The request's members by their names in the model. path: the values of the URI's placeholders.

        Raises MalformedRequest, RequestTooLarge, ConstraintViolations.
        """
        return self._check(self.input.parse(environ, path, lambda: self._read(environ)))

    def take(self, members: Mapping[str, Any]) -> dict[str, Any]:
        """The same request where it never was on a wire; members by their names in the model, a blob not in base64.

        Raises MalformedRequest, for members that the model does not know too, and ConstraintViolations.
        """
        return self._check(self.input.shape.take(members))

    def _check(self, request: dict[str, Any]) -> dict[str, Any]:
        found: list[str] = []
        self.input.shape.check(request, "", found)
        if found:
            raise ConstraintViolations(found)
        return request

    def _read(self, environ: Mapping[str, Any]) -> Any:
        limit_bytes, shown_name = quirks.BODY_LIMITS.get(self.name, (quirks.OTHER_BODY_LIMIT, self.name))
        if BODY_FILE in environ:
            return read_spooled(Path(environ[BODY_FILE]), limit_bytes, shown_name)
        return read_body(environ, limit_bytes, shown_name)

    def answer(self, result: dict[str, Any]) -> Answer:
        return self.output.write(self.status, result)
