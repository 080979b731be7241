"""The Lambda API over a real store, served to real clients; nothing runs, and functions become active when told."""

from __future__ import annotations

import http.client
import io
import json
import shutil
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from boto_rig import client_at
from botocore.exceptions import ClientError
from msgspec.structs import replace
from mypy_boto3_lambda import LambdaClient

from lambda_emu.api.app import create_app
from lambda_emu.api.context import RequestContext
from lambda_emu.api.own_pages import create_pages
from lambda_emu.api.s3 import S3
from lambda_emu.api.scope import CallerContexts
from lambda_emu.api.service import LambdaService, OwnPages
from lambda_emu.api.wire.bodies import make_spool
from lambda_emu.arn import FunctionId, Scope
from lambda_emu.clock import Clock
from lambda_emu.gateway.gateway import Gateway
from lambda_emu.gateway.request import Request
from lambda_emu.gateway.wsgi import LateApp, WsgiApp, serve
from lambda_emu.http.listener import Listener, PortSettings, bind
from lambda_emu.http.loop import Loop
from lambda_emu.http.message import Head
from lambda_emu.invoke.request import InvokeRequest
from lambda_emu.model.changes.updates import WhyNot, complete_update
from lambda_emu.model.concurrency.provisioned import NOTHING_READY, Readiness
from lambda_emu.model.function.function import Function
from lambda_emu.model.function.image_package import FoundImage
from lambda_emu.runtimes import catalogue
from lambda_emu.store import Store

ACCOUNT, REGION = "123456789012", "us-east-1"
ARN = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:"
SCOPE = Scope(ACCOUNT, REGION)
ROLE = f"arn:aws:iam::{ACCOUNT}:role/any"


@dataclass(frozen=True)
class Reply:
    """An answer as it came."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Activations:
    """Stands where the pool does: activates what it was asked to, but only when the test says so.

    images: those that the engine has, by URI.
    """

    store: Store
    clock: Clock
    asked: list[FunctionId] = field(default_factory=list)
    readiness: Readiness = NOTHING_READY  # of whatever is provisioned
    images: dict[str, FoundImage] = field(default_factory=dict)

    def why_not(self, id: FunctionId) -> str | None:
        return None

    def activate(self, id: FunctionId) -> None:
        self.asked.append(id)

    def find_image(self, uri: str, architecture: str, function: FunctionId) -> FoundImage | None:
        return self.images.get(uri)

    def finish(self) -> None:
        """Every function asked for becomes Active, and its update Successful; unless its image is not there."""
        while self.asked:
            self.store.change(self.asked.pop(), self._finished)

    def readiness_of(self, deployment_ids: Sequence[str]) -> list[Readiness]:
        return [self.readiness for _ in deployment_ids]

    def _finished(self, function: Function) -> Function:
        latest = function.latest
        found = None if latest.image is None else self.images.get(latest.image.uri)
        why_not = WhyNot("no such image", "InvalidImage") if latest.image is not None and found is None else None
        return complete_update(function, latest.deployment_id, why_not, self.clock.new_id, found)


@dataclass(frozen=True)
class Api:
    """A served API with what a test needs around it."""

    port: int
    client: LambdaClient
    store: Store
    activations: Activations
    scope: Scope = SCOPE

    @contextmanager
    def reopened(self) -> Iterator[Store]:
        """What another start would find in the data directory as it is now."""
        with TemporaryDirectory() as folder:
            copy = shutil.copytree(self.store.folder, Path(folder, "data"))
            store = Store.open(copy)
            try:
                yield store
            finally:
                store.close()

    def client_of(self, account: str, region: str = REGION) -> LambdaClient:
        """A caller of another account or region."""
        return _client(self.port, account, region)

    def send(self, request: str, body: Any = None, headers: Mapping[str, str] | None = None) -> Reply:
        """One raw request of this account, `METHOD /path`; a body that is not bytes is sent as JSON."""
        method, target = request.split(" ", 1)
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request(method, target, data, {"Authorization": signed()} | dict(headers or {}))
            answer = connection.getresponse()
            return Reply(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())
        finally:
            connection.close()

    def create(self, name: str, **wanted: Any) -> dict[str, Any]:
        """A function that is Pending."""
        code = {"ZipFile": zipped({"app.py": "def handler(event, context): return event"})}
        settings: dict[str, Any] = {"Runtime": "python3.13", "Handler": "app.handler", "Role": ROLE, "Code": code}
        return dict(self.client.create_function(FunctionName=name, **(settings | wanted)))

    def created(self, name: str, **wanted: Any) -> dict[str, Any]:
        """A function that is Active, as GetFunctionConfiguration shows it."""
        self.create(name, **wanted)
        self.activations.finish()
        return dict(self.client.get_function_configuration(FunctionName=name))


def refused(code: str, text: str | None = None) -> Any:
    """The block ends in this error; with a text, in exactly these words."""

    def is_it(error: ClientError) -> bool:
        found = error.response["Error"]
        return found["Code"] == code and text in (None, found["Message"])

    return pytest.raises(ClientError, check=is_it)


def shown(answer: Any) -> dict[str, Any]:
    """An answer of boto3 without what is about the transport."""
    return {member: value for member, value in answer.items() if member != "ResponseMetadata"}


def signed(access_key: str = "any", region: str = REGION) -> str:
    """The Authorization header of a caller with this key, as far as anybody looks at it."""
    scope = f"{access_key}/20260101/{region}/lambda/aws4_request"
    return f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"


def zipped(files: Mapping[str, str]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, text in files.items():
            archive.writestr(zipfile.ZipInfo(name), text)
    return packed.getvalue()


def asked(request: str, body: Any = b"", headers: Mapping[str, str] | None = None) -> Request:
    """A request, `METHOD /path?query`, as the gateway hands it to a service; a body that is not bytes is JSON."""
    method, target = request.encode().split(b" ", 1)
    named = [(name.lower().encode(), value.encode("latin-1")) for name, value in (headers or {}).items()]
    path, _, query = target.partition(b"?")
    made = Request(Head(method, target, named, "1.1", True), path, query, "00000000-0000-4000-8000-000000000000")
    made.body = body if isinstance(body, bytes) else json.dumps(body).encode()
    return made


def ask(
    app: WsgiApp,
    request: str,
    body: Any = b"",
    headers: Mapping[str, str] | None = None,
    body_file: Path | None = None,
) -> Reply:
    """What the app answers to it, here and now. body_file: where its body lies, if it is a large one."""
    made = asked(request, body, headers)
    made.body_file = body_file
    answer = serve(app, made, None)
    assert answer is not None
    return Reply(answer.status, {name.lower(): value for name, value in answer.headers}, answer.body)


class NothingRuns:
    """For operations that invoke nothing."""

    def invoke(self, request: InvokeRequest, reply: object) -> None:
        raise AssertionError(f"nothing runs here, not even {request.target}")


def make_context(
    store: Store, clock: Clock, activations: Activations, base_url: str = "http://here", **settings: Any
) -> RequestContext:
    scope, readiness = Scope(ACCOUNT, REGION), activations.readiness_of
    settings = {"find_image": activations.find_image} | settings
    return RequestContext(store, clock, scope, catalogue(), activations, NothingRuns(), readiness, base_url, **settings)


@contextmanager
def serving(folder: Path, clock: Clock | None = None, s3: S3 | None = None, **settings: Any) -> Iterator[Api]:
    """The API on a free port until the block ends. clock: where time must pass; settings: of its context."""
    clock = clock or Clock()
    store = Store.open(folder)
    activations = Activations(store, clock)
    loop, bound = Loop(), bind("127.0.0.1", 0)
    port = bound.getsockname()[1]
    context = make_context(store, clock, activations, f"http://127.0.0.1:{port}")
    context = replace(context, **(settings if s3 is None else settings | {"s3": s3}))
    app, pages = LateApp(lambda: create_app(context)), LateApp(lambda: create_pages(store))
    loop.start()
    clock.bind(loop.asyncio)
    make_spool(folder / "spool")
    gateway = Gateway(loop, clock, folder / "spool")
    gateway.serve(OwnPages(pages), LambdaService(app, CallerContexts(context)))
    listener = Listener(gateway, clock, PortSettings(refusal=gateway.refusal))
    loop.run(listener.listen(bound), 10)
    client = _client(port)
    try:
        yield Api(port, client, store, activations)
    finally:
        client.close()
        loop.ask(listener.close, 10)
        loop.stop()
        store.close()


def _client(port: int, access_key: str = "any", region: str = REGION) -> LambdaClient:
    client: LambdaClient = client_at(f"http://127.0.0.1:{port}", "lambda", access_key, region)
    return client


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    """An empty account of one's own."""
    with serving(tmp_path) as api:
        yield api
