"""One request as an operation sees it, and the queue that it names."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import unquote, urlsplit

from msgspec import Struct

from lambda_emu.arn import Scope
from lambda_emu.clock import Clock
from lambda_emu.errors.base import LambdaError
from lambda_emu.services.sqs.errors import InvalidTexts, MissingMember, QueueAddressInvalid, SqsError
from lambda_emu.services.sqs.queue import Queue
from lambda_emu.services.sqs.queues import Queues
from lambda_emu.services.sqs.wire.members import Members

NAME = re.compile(r"(?=.{1,80}\Z)[A-Za-z0-9_-]+(?:\.fifo)?")
ID = re.compile(r"[A-Za-z0-9!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~]{1,128}")
"""Of what FIFO queues know messages and receives by."""
WRONG_QUEUE = "The request include parameter that is not valid for this queue type."
MOST_KEPT = 1024
"""Characters of an address: none that is right has as many."""
_PATH = re.compile(r"(?:.*?/)?(?:queue/([a-z]{2}[a-z0-9-]+)/)?(\d{12})/([^/]+)/?", re.ASCII)
"""`/<account>/<name>`, wherever a proxy has it, and LocalStack's form that says the region too."""


class QueueRequest(Struct, frozen=True):
    """members: as given, each of its kind. url: of ours, as the client wrote it. answer, fail: one of them, once.

    scope: of the caller. is_open: whether he is still there. trace: the tracing header that the request came with.
    """

    members: Members
    scope: Scope
    url: str
    clock: Clock
    answer: Callable[[Mapping[str, Any] | None], None]
    fail: Callable[[LambdaError], None]
    is_open: Callable[[], bool]
    trace: str | None = None

    def required(self, name: str) -> Any:
        value = self.members.get(name)
        if value is None or value == "":
            raise MissingMember(name)
        return value

    def queue(self, queues: Queues) -> Queue:
        """The one that QueueUrl names, by its path alone: hosts differ by where it is asked from. SqsError."""
        url = self.required("QueueUrl")
        named = read_url(url) if len(url) <= MOST_KEPT else None
        if named is None:
            raise QueueAddressInvalid(url[:MOST_KEPT])
        account, region, name = named
        return queues.find(Scope(account or self.scope.account, region or self.scope.region), name)

    def url_of(self, scope: Scope, name: str) -> str:
        return f"{self.url}/{scope.account}/{name}"

    def told(self, error: SqsError | None) -> None:
        """Answer without a result, after a commit."""
        if error is not None:
            self.fail(error)
        else:
            self.answer(None)


@lru_cache(1024)
def read_url(url: str) -> tuple[str | None, str | None, str] | None:
    """Account, region and name in an address; an account or region that it does not say is the caller's."""
    try:
        path = unquote(urlsplit(url).path)
    except ValueError:
        return None
    named = _PATH.fullmatch(path)
    if named is not None:
        return named[2], named[1], named[3]
    return (None, None, url) if NAME.fullmatch(url) else None  # some clients write a name for it


def check_name(name: str) -> None:
    if not NAME.fullmatch(name):
        raise InvalidTexts("Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length")
