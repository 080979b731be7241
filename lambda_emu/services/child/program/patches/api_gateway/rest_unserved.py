"""Settings of REST APIs that are kept and have no effect here: who makes one is told so, once, in the server's log."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable
from typing import Any

log = logging.getLogger(__name__)

NO_EFFECT = (
    (re.compile(r"/?cacheCluster\w*|.*/caching/enabled"), "caches of stages: each request is answered anew"),
    (re.compile(r"/?accessLogSettings(/.*)?|.*/logging/\w+"), "logs of stages: TestInvokeMethod has its log"),
    (re.compile(r"/?clientCertificateId"), "client certificates: integrations are not shown any"),
    (re.compile(r"/?tracingEnabled"), "tracing of stages"),
    (re.compile(r"/?minimumCompressionSize"), "compression: answers go out as they are"),
    (re.compile(r"/?webAclArn"), "web ACLs: nobody is kept out"),
)
"""By the member of a request, or the path of a patch."""
_told: set[str] = set()


def tell(members: Iterable[tuple[str, Any]]) -> None:
    """members: with their values, of which those count that switch something on."""
    for member, value in members:
        if not value or str(value).lower() in ("false", "off"):
            continue
        for pattern, what in NO_EFFECT:
            if pattern.fullmatch(member) and what not in _told:
                _told.add(what)
                log.warning("%s is kept and has no effect in lambda-emu: %s", member.strip("/"), what)


def tell_patch(operations: Iterable[dict[str, Any]]) -> None:
    tell((str(one.get("path")), one.get("value")) for one in operations if one.get("op") != "remove")
