"""URLs at which a deployment awaits word: of custom resources, and of whoever a wait condition waits for.

They stand for the presigned ones of S3 that CloudFormation hands out: whoever knows one may PUT to it, from inside an
environment too. docs/sam.md#custom-resources.
"""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from collections.abc import Callable

from lambda_emu.errors.base import LambdaError
from lambda_emu.errors.request import RequestTooLarge
from lambda_emu.gateway.answers import Answer
from lambda_emu.gateway.call import Call
from lambda_emu.gateway.request import Request
from lambda_emu.gateway.services import Handling, ServiceClaims
from lambda_emu.http.message import Head
from lambda_emu.services.s3_ids import s3_ids
from lambda_emu.services.xml import element

PATH = "/_lambda-emu/response/"
MOST_BYTES = 1024 * 1024
"""Of a body, where S3 would take any. CloudFormation reads 4,096; that one has more is told to whoever waits for it."""
MOST_KEPT_BYTES = 16 * 1024
"""Of a body, from its beginning."""
MOST_KEPT = 256
"""Bodies that nobody has taken yet, of one URL."""
MOST_URLS = 4096
"""The oldest at which nothing is awaited any more is forgotten, else the oldest."""


class Closed(Exception):
    """The server ends, or its account is emptied, and nothing more is awaited."""


class Awaited:
    """What was sent to one URL. account: whose stack awaits it. Any thread may ask."""

    def __init__(self, token: str, account: str) -> None:
        self.token = token
        self.account = account
        self._changed = threading.Condition()  # guards both below
        self._sent: deque[bytes] = deque(maxlen=MOST_KEPT)
        self._closed = False

    def take(self, limit_s: float) -> bytes | None:
        """The first body that nobody has taken; None: none came in this time. Blocks. Closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._sent or self._closed, limit_s)
            if self._sent:
                return self._sent.popleft()
            if self._closed:
                raise Closed
            return None

    def put(self, body: bytes) -> None:
        with self._changed:
            if not self._closed:
                self._sent.append(body)
                self._changed.notify_all()

    @property
    def is_over(self) -> bool:
        """Whether nothing is awaited any more."""
        with self._changed:
            return self._closed

    def close(self) -> None:
        """Nothing is awaited any more; what comes all the same is dropped."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()


class ResponseUrls:
    """new_token: 32 digits that nobody can guess. outside: how this machine's programs reach this server, without a
    final slash; inside: how code in environments does.
    """

    claims = ServiceClaims(paths=(PATH.encode(),))
    answers_pages = False

    def __init__(self, new_token: Callable[[], str], outside: str, inside: str) -> None:
        self._new_token = new_token
        self._outside = outside
        self._inside = inside
        self._lock = threading.Lock()  # guards both below; bookkeeping only
        self._awaited: OrderedDict[str, Awaited] = OrderedDict()
        self._closed = False
        self._handling = Handling(self._serve, MOST_BYTES, RequestTooLarge(MOST_BYTES, PATH))

    def open(self, account: str) -> Awaited:
        """Something to await. Closed."""
        one = Awaited(self._new_token(), account)
        with self._lock:
            if self._closed:
                raise Closed
            self._awaited[one.token] = one
            if len(self._awaited) > MOST_URLS:
                over = (token for token, known in self._awaited.items() if known.is_over)
                del self._awaited[next(over, next(iter(self._awaited)))]
        return one

    def find(self, url: str) -> Awaited | None:
        """By any of its URLs."""
        with self._lock:
            return self._awaited.get(url.rpartition("-")[2]) if PATH in url else None

    def forget(self, url: str) -> None:
        """Nobody awaits anything there any more."""
        with self._lock:
            self._awaited.pop(url.rpartition("-")[2], None)

    def empty(self, account: str | None) -> None:
        """Nobody of this account, or of any, awaits anything any more; whoever waits is told."""
        with self._lock:
            gone = [one for one in self._awaited.values() if account in (None, one.account)]
            for one in gone:
                del self._awaited[one.token]
        for one in gone:
            one.close()

    def url(self, awaited: Awaited, *, inside: bool) -> str:
        """Its port is in the path too, for clients that look at host and path alone."""
        base = self._inside if inside else self._outside
        return f"{base}{PATH}{base.rpartition(':')[2]}-{awaited.token}"

    def close(self) -> None:
        """Whoever waits is told."""
        with self._lock:
            self._closed = True
            awaited = [*self._awaited.values()]
        for one in awaited:
            one.close()

    def handling(self, head: Head, path: bytes, length: int | None) -> Handling:
        return self._handling

    def error_answer(self, error: LambdaError, request: Request) -> Answer:
        """Who waits for a response is told of one that is too large for us, too."""
        if not isinstance(error, RequestTooLarge):
            return _refusal(error.status, error.code, error.text or "", request.request_id)
        awaited = self._named(request)
        if awaited is not None:
            awaited.put(b" " * MOST_KEPT_BYTES)
        text = "Your proposed upload exceeds the maximum allowed size"
        return _refusal(400, "EntityTooLarge", text, request.request_id)

    def _serve(self, request: Request, _: Call) -> Answer:
        """As S3: a second body overwrites the first, which is read already."""
        if request.method != "PUT":
            text = "The specified method is not allowed against this resource."
            return _refusal(405, "MethodNotAllowed", text, request.request_id)
        awaited = self._named(request)
        if awaited is None:
            return _refusal(403, "AccessDenied", "Request has expired", request.request_id)
        awaited.put(request.body[:MOST_KEPT_BYTES])
        return Answer(200, [*s3_ids(request.request_id).items()])

    def _named(self, request: Request) -> Awaited | None:
        return self.find(request.path.decode("latin-1"))


def _refusal(status: int, code: str, text: str, request_id: str) -> Answer:
    """In S3's own form."""
    ids = s3_ids(request_id)
    members = {"Code": code, "Message": text, "RequestId": ids["x-amz-request-id"], "HostId": ids["x-amz-id-2"]}
    said = "".join(element(name, value) for name, value in members.items())
    document = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error>{said}</Error>'
    return Answer(status, [("Content-Type", "application/xml"), *ids.items()], document.encode())
