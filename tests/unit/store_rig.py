"""Records as the store keeps them, and a disk that is full for a while."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from lambda_emu.arn import FunctionId
from lambda_emu.model.function.function import Artifact, Function, FunctionVersion, LoggingConfig
from lambda_emu.store import QueuedEvent

ACCOUNT, REGION = "123456789012", "us-east-1"
CODE = Artifact("47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", 300, 1200)


def function_id(name: str) -> FunctionId:
    return FunctionId(ACCOUNT, REGION, name)


def new_function(name: str, **changes: Any) -> Function:
    """A function of which nothing but the name matters."""
    id = function_id(name)
    version = FunctionVersion(
        id,
        runtime="python3.11",
        handler="app.handler",
        role=f"arn:aws:iam::{ACCOUNT}:role/any",
        code=CODE,
        logging=LoggingConfig(f"/aws/lambda/{name}"),
        deployment_id="deployment-1",
        revision_id="revision-1",
        last_modified="2026-01-01T00:00:00.000+0000",
    )
    return Function(id, latest=version, running=version, **changes)


def new_event(request_id: str, due_s: float = 0.0, payload: bytes = b"{}") -> QueuedEvent:
    """An event of which nothing but its id, time and payload matters."""
    id = function_id("f")
    return QueuedEvent(request_id, id, None, id.arn(), payload, None, accepted_s=due_s, attempts=0, due_s=due_s)


@contextmanager
def files_end_at(size_bytes: int) -> Iterator[None]:
    """No file of this process may grow beyond this size meanwhile: writing there fails as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
