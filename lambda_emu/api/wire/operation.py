"""One operation of the Lambda API on the wire: a request becomes typed members, a result becomes an answer."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qs

from msgspec import Struct

from lambda_emu.api.wire import quirks
from lambda_emu.api.wire.bodies import read_spooled
from lambda_emu.api.wire.composites import ListShape, Member, StructureShape
from lambda_emu.api.wire.shapes import BlobShape
from lambda_emu.api.wire.zip_text import read_body
from lambda_emu.errors.request import ConstraintViolations, MalformedRequest, RequestTooLarge
from lambda_emu.gateway.answers import Answer
from lambda_emu.gateway.request import Request
from lambda_emu.model.quotas import REQUEST_BYTES

MOST_PARAMETERS = 256
"""Of a query; an operation has a handful, or a list of 50 keys. Taking 64 KB of them apart would take 16 ms."""
JSON_TYPE = ("Content-Type", "application/json")


class Input(Struct, frozen=True):
    """Where the members of a request are found. Each pair: a member, and its name at that place."""

    shape: StructureShape
    path: tuple[tuple[Member, str], ...]
    query: tuple[tuple[Member, str], ...]
    headers: Mapping[bytes, Member]  # by lower-case name
    payload: Member | None  # the member that is the whole body
    body: StructureShape | None  # the members of a JSON body; None: no body is read

    def from_head(self, request: Request, path: Mapping[str, str]) -> dict[str, Any]:
        """Members that are not in the body. Of a header that is sent twice the first one counts."""
        members = {member.name: member.shape.from_text(path[name]) for member, name in self.path}
        if self.query and request.query:
            members.update(self._from_query(request.query.decode("latin-1")))
        for name, member in self.headers.items():
            if (text := request.header(name)) is not None:
                members[member.name] = member.shape.from_text(text)
        return members

    def _from_query(self, query_string: str) -> Iterator[tuple[str, Any]]:
        if query_string.count("&") >= MOST_PARAMETERS:
            raise MalformedRequest(f"The query string has more than {MOST_PARAMETERS} parameters")
        values = parse_qs(query_string, keep_blank_values=True, encoding="utf-8", errors="replace")
        for member, name in self.query:
            if texts := values.get(name):
                shape = member.shape
                value = shape.from_texts(texts) if isinstance(shape, ListShape) else shape.from_text(texts[-1])
                yield member.name, value

    def from_body(self, body: Any) -> dict[str, Any]:
        if isinstance(body, bytes):
            if self.payload is not None and isinstance(self.payload.shape, BlobShape):
                return {self.payload.name: body} if body or self.payload.required else {}
            body = read_body(body) if body.strip() else {}
        if self.payload is not None:
            return {self.payload.name: self.payload.shape.read(body)} if body else {}
        assert self.body is not None
        return self.body.read(body)

    def take(self, members: Mapping[str, Any]) -> dict[str, Any]:
        """A request that never was on a wire: members by their names in the model, a blob not in base64.

        Raises MalformedRequest, for members that the model does not know too, and ConstraintViolations.
        """
        return self.check(self.shape.take(members))

    def check(self, members: dict[str, Any]) -> dict[str, Any]:
        """The members themselves; ConstraintViolations."""
        found: list[str] = []
        self.shape.check(members, "", found)
        if found:
            raise ConstraintViolations(found)
        return members


class Output(Struct, frozen=True):
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


class Operation(Struct, frozen=True):
    """One operation of the model, with all that can be computed ahead. status: of an answer that says no other."""

    name: str
    status: int
    input: Input
    output: Output

    def parse(self, request: Request, path: Mapping[str, str]) -> dict[str, Any]:
        """The request's members by their names in the model. path: the values of the URI's placeholders.

        Raises MalformedRequest, RequestTooLarge, ConstraintViolations.
        """
        members = self.input.from_head(request, path)
        if self.input.payload is not None or self.input.body is not None:
            members.update(self.input.from_body(self._read(request)))
        return self.input.check(members)

    def _read(self, request: Request) -> Any:
        limit_bytes, shown_name = quirks.BODY_LIMITS.get(self.name, (REQUEST_BYTES, self.name))
        if request.body_file is not None:
            return read_spooled(request.body_file, limit_bytes, shown_name)
        if len(request.body) > limit_bytes:
            raise RequestTooLarge(limit_bytes, shown_name)
        return request.body

    def answer(self, result: dict[str, Any]) -> Answer:
        return self.output.write(self.status, result)
