"""Which service a request is for. docs/services.md#routing has the order, and decisions/services.md its reasons."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar
from urllib.parse import unquote_to_bytes

from lambda_emu.gateway.credential import Credential, credential_in, credential_of
from lambda_emu.gateway.services import Service
from lambda_emu.http.message import Head

OWN = b"/_"
"""How paths begin that no bucket and no API of AWS has: ours, whatever else the request says."""
FORM = b"application/x-www-form-urlencoded"
S3 = "s3"
_VERSION = re.compile(rb"(?:^|&)Version=([0-9-]{10})(?:&|$)")
_ACTION = re.compile(rb"(?:^|&)Action=([A-Za-z0-9]{1,128})(?:&|$)")

Key = TypeVar("Key", str, bytes)


class Router:
    """Finds whose a request is. Of two services that claim the same the first one has it.

    What nobody claims is the last one's.
    """

    def __init__(self, services: Sequence[Service]) -> None:
        self._default = services[-1]
        self._rest = next((one for one in services if one.claims.rest), self._default)
        self._hosts = _first((host, one) for one in services for host in one.claims.hosts)
        self._above = {host[1:]: one for host, one in self._hosts.items() if host.startswith("*")}
        self._within = _first((f".{label}.", one) for one in services for label in one.claims.within)
        self._names = [one for one in services if one.claims.is_host is not None]
        self._paths = _first((path, one) for one in services for path in one.claims.paths)
        self._beginnings = tuple(self._paths)
        self._signed_for = _first((name, one) for one in services for name in one.claims.signed_for)
        self._signed_paths = [name.partition("/") for name in self._signed_for if "/" in name]
        self._targets = _first((target, one) for one in services for target in one.claims.targets)
        self._versions = _first((version, one) for one in services for version in one.claims.versions)
        self._actions = _first((action, one) for one in services for action in one.claims.actions)
        self._forms = next((one for one in services if one.claims.forms), None)
        self._shapes = [(shape, one) for one in services for shape in one.claims.shapes]

    def service(self, head: Head, path: bytes) -> Service:
        """By the head alone. On the loop."""
        if b"%" in path:  # it is the same path however it is written
            path = unquote_to_bytes(path)
        query = head.target.partition(b"?")[2]
        found = (
            self._of_host(head)
            or (self._of_path(path) if path.startswith(OWN) else None)
            or self._of_signature(head, path)
            or self._of_target(head)
            or self._of_query(query, path)
            or (self._of_form(head, query) if path == b"/" else None)
            or self._of_path(path)
        )
        return found or next((one for shape, one in self._shapes if shape.fullmatch(path)), self._default)

    def of_form(self, form: bytes) -> Service | None:
        """Whose an unsigned request of the query protocol is, by its form, which stands in its body or its query."""
        version = _VERSION.search(form)
        if version is not None and version[1] in self._versions:
            return self._versions[version[1]]
        action = _ACTION.search(form)
        return None if action is None else _by_beginning(self._actions, action[1])

    def _of_form(self, head: Head, query: bytes) -> Service | None:
        is_form = head.method == b"POST" and head.first.get(b"content-type", b"").startswith(FORM)
        return self.of_form(query) or (self._forms if is_form else None)

    def _of_host(self, head: Head) -> Service | None:
        name = (head.first.get(b"host") or b"").decode("latin-1").lower().rpartition("]")[2].partition(":")[0]
        name = name.removesuffix(".")
        found = self._hosts.get(name) or next((one for label, one in self._within.items() if label in name), None)
        found = found or next((one for above, one in self._above.items() if name.endswith(above)), None)
        return found or next((one for one in self._names if one.claims.is_host(name)), None)  # type: ignore[misc]

    def _of_path(self, path: bytes) -> Service | None:
        return _by_beginning(self._paths, path) if path.startswith(self._beginnings) else None

    def _of_signature(self, head: Head, path: bytes) -> Service | None:
        authorization = head.first.get(b"authorization")
        if authorization is None:
            return None
        if authorization.startswith(b"AWS "):  # of version 2, which S3 alone has had
            return self._signed_for.get(S3)
        credential = credential_of(authorization)
        return None if credential is None else self._of_scope(credential, head, path)

    def _of_scope(self, credential: Credential, head: Head, path: bytes) -> Service:
        """Two services may be signed for alike; then the path or the target tells them apart."""
        for name, _, begin in self._signed_paths:
            if name == credential.service and path.startswith(b"/" + begin.encode()):
                return self._signed_for[f"{name}/{begin}"]
        if credential.service == "dynamodb" and (found := self._of_target(head)) is not None:
            return found
        return self._signed_for.get(credential.service, self._rest)

    def _of_target(self, head: Head) -> Service | None:
        target = head.first.get(b"x-amz-target")
        return None if target is None else _by_beginning(self._targets, target) or self._rest

    def _of_query(self, query: bytes, path: bytes) -> Service | None:
        """Signed beforehand."""
        credential = credential_in(query)
        if credential is not None:
            return self._signed_for.get(credential.service, self._rest)
        written = b"&" + query
        is_version_2 = path != b"/" and b"&AWSAccessKeyId=" in written and b"&Signature=" in written
        return self._signed_for.get(S3) if is_version_2 else None


def _first(claimed: Iterable[tuple[Key, Service]]) -> dict[Key, Service]:
    found: dict[Key, Service] = {}
    for key, service in claimed:
        found.setdefault(key, service)
    return found


def _by_beginning(services: Mapping[bytes, Service], text: bytes) -> Service | None:
    return next((one for beginning, one in services.items() if text.startswith(beginning)), None)
