"""AWS itself as a neighbour: requests are signed again, by the profile that the AWS CLI would use."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Any

from lambda_emu.errors.base import LambdaError
from lambda_emu.gateway.request import Request
from lambda_emu.http.executors import Workers
from lambda_emu.http.loop import Loop
from lambda_emu.services.buckets import bucket_in
from lambda_emu.services.callers import signed_with
from lambda_emu.services.catalogue import known
from lambda_emu.services.neighbours import chunks
from lambda_emu.services.neighbours.chunks import ChunkReader
from lambda_emu.services.neighbours.errors import CannotSign, NeighbourBusy, NeighbourLost
from lambda_emu.services.neighbours.peer import Address, Lines
from lambda_emu.services.passing.answers import NOT_PASSED
from lambda_emu.services.passing.peer import PeerRequest

SIGNING = Workers("signatures for AWS", 2, 128)
SIGNED = (b"authorization", b"host", b"x-amz-date", b"x-amz-security-token", b"x-amz-content-sha256")
"""Headers of a signature: ours take their place."""
STREAMED = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
PRESIGNED = frozenset(
    (
        *("awsaccesskeyid", "expires", "signature", "x-amz-algorithm", "x-amz-credential", "x-amz-date"),
        *("x-amz-expires", "x-amz-security-token", "x-amz-signature", "x-amz-signedheaders"),
    )
)
"""Members of a query that signed a request beforehand."""
WHERE = "AWS"
MOST_REGIONS = 64


class AwsPeer:
    """passing.Peer: one service of AWS, in the region that each request is signed for."""

    at_once: int = 64
    silence_s: float | None = 120.0

    def __init__(self, name: str, region: str, loop: Loop, url_of: Callable[[str], str] | None = None) -> None:
        """region: of requests that name none. url_of: where AWS serves a region; None: as botocore knows."""
        self._name = name
        self._region = region
        self._loop = loop
        self._signer = Signer(name, url_of)
        self._lines: dict[str, Lines] = {}

    async def begin(self, request: Request, length: int) -> PeerRequest:
        credential = signed_with(request)
        region = self._region if credential is None else credential.region
        address, head = await self._loop.work(SIGNING, self._signer.sign, request, length, region)
        lines = self._lines.setdefault(address.url, Lines(self._name, address))
        decode = ChunkReader().feed if _is_in_signed_chunks(request) else None
        return PeerRequest(await lines.line(), head, lines.give_back, decode)

    def lost(self, what: str) -> LambdaError:
        return NeighbourLost(self._name, WHERE, what)

    def busy(self, waiting: int) -> LambdaError:
        return NeighbourBusy(WHERE, waiting)


class Signer:
    """Makes heads of requests that AWS takes. On workers; botocore is imported by the first."""

    def __init__(self, name: str, url_of: Callable[[str], str] | None) -> None:
        self._name = name
        self._url_of = url_of or self._url_by_botocore
        self._addresses: dict[str, Address] = {}
        self._session: Any = None
        self._lock = Lock()  # guards both above, of which a session is not for two threads

    def sign(self, request: Request, length: int, region: str) -> tuple[Address, bytes]:
        """Where it goes, and its head. CannotSign."""
        with self._lock:
            credentials = self._credentials()
            if region not in self._addresses:
                if len(self._addresses) >= MOST_REGIONS:
                    raise CannotSign(f"Requests for more than {MOST_REGIONS} regions were signed for AWS already.")
                self._addresses[region] = Address(self._url_of(region))
        address = self._addresses[region]
        return address, self._head(request, length, region, address, credentials)

    def _head(self, request: Request, length: int, region: str, address: Address, credentials: Any) -> bytes:
        from botocore.awsrequest import AWSRequest

        kept = {
            name.decode("latin-1"): value.decode("latin-1")
            for name, value in request.head.headers
            if name not in SIGNED and name not in NOT_PASSED
        }
        if _is_in_signed_chunks(request):
            length = _decode(kept)
        url = f"{address.url.rstrip('/')}{self._path(request)}"
        asked = AWSRequest(request.method, url, {**kept, "host": address.host}, request.body)
        asked.context["payload_signing_enabled"] = self._name != "s3"
        self._auth(request, region, credentials).add_auth(asked)
        target = asked.url.partition("//")[2].partition("/")[2]
        lines = [f"{request.method} /{target} HTTP/1.1", f"content-length: {length}"]
        lines += [f"{name}: {value}" for name, value in asked.headers.items() if name.lower() != "content-length"]
        return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"

    def _auth(self, request: Request, region: str, credentials: Any) -> Any:
        from botocore.auth import S3SigV4Auth, SigV4Auth

        if self._name != "s3":
            return SigV4Auth(credentials, known(self._name).signing_name, region)
        payload = request.header(b"x-amz-content-sha256")

        class PayloadUnsigned(S3SigV4Auth):  # type: ignore[misc]
            """TLS holds the body together, which may be of any size; its checksums stay what they are."""

            def payload(self, request: Any) -> str:
                return payload if payload == STREAMED else "UNSIGNED-PAYLOAD"

        return PayloadUnsigned(credentials, "s3", region)

    def _path(self, request: Request) -> str:
        """With its query, but for what signed it beforehand."""
        query = [pair for pair in request.query.decode("latin-1").split("&") if pair and not _is_signature(pair)]
        bucket = bucket_in(request.head)
        path = request.path.decode("latin-1")
        path = path if bucket is None else f"/{bucket}{path}"
        return f"{path}?{'&'.join(query)}" if query else path

    def _credentials(self) -> Any:
        from botocore.exceptions import BotoCoreError
        from botocore.session import Session

        try:
            self._session = self._session or Session()
            found = self._session.get_credentials()
            if found is not None:
                return found.get_frozen_credentials()
        except BotoCoreError as error:
            raise CannotSign(f"lambda-emu has no credentials for AWS: {error}") from error
        raise CannotSign("lambda-emu found no credentials for AWS, as `aws configure` or AWS_PROFILE give them.")

    def _url_by_botocore(self, region: str) -> str:
        """Whatever endpoint the user's profile names: `aws` means AWS."""
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError

        config = Config(ignore_configured_endpoint_urls=True)
        try:
            client = self._session.create_client(self._name, region_name=region, config=config)
        except (BotoCoreError, ValueError) as error:
            raise CannotSign(f"AWS has no {self._name} in {region}: {error}") from error
        url: str = client.meta.endpoint_url
        client.close()
        return url


def _is_in_signed_chunks(request: Request) -> bool:
    return (request.header(b"x-amz-content-sha256") or "").startswith(chunks.SIGNED)


def _decode(kept: dict[str, str]) -> int:
    """Let the headers tell of the body without its chunks; its length. CannotSign."""
    length = kept.get("x-amz-decoded-content-length", "")
    if not length.isdigit():
        raise CannotSign("The body is sent in signed chunks, and x-amz-decoded-content-length does not say its length.")
    for name in chunks.DROPPED:
        kept.pop(name.decode(), None)
    coded = [one.strip() for one in kept.pop("content-encoding", "").split(",")]
    if coded := [one for one in coded if one not in ("", "aws-chunked")]:
        kept["content-encoding"] = ",".join(coded)
    return int(length)


def _is_signature(pair: str) -> bool:
    return pair.partition("=")[0].lower() in PRESIGNED
