"""A runtime that the suite asks, with functions in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from math import ceil
from typing import Any

from lam import Answer, zipped
from own import OwnLam

from lambda_emu.runtimes import Runtime
from languages import Case
from languages.language import Language

MEMORY_MB = 512
TIMEOUT_S = 20
_NUMBERS = count()
"""No name is there twice, since the log of what had it before stays."""


@dataclass
class Subject:
    """A runtime, its language, and functions in it."""

    lam: OwnLam
    case: Case
    runtime: Runtime
    code: dict[str, str | bytes]
    layer: str
    name: str = ""

    @property
    def language(self) -> Language:
        return self.case.language

    @property
    def limit_ms(self) -> int:
        """How far a deadline can be from the machine's time, which the emulator's is ahead of after a timeout."""
        return ceil(1000 * (TIMEOUT_S + self.lam.clock.ahead_s))

    def do(self, what: str, value: object = None, **params: Any) -> Answer:
        return self.lam.invoke(self.name, {"do": what, "value": value}, **params)

    def create(self, handler: str, **config: Any) -> str:
        name = f"{self.case.id.replace('.', '-')}-{next(_NUMBERS)}"
        settings: dict[str, Any] = {"MemorySize": MEMORY_MB, "Timeout": TIMEOUT_S, "Handler": handler}
        return self.lam.create(name, self.code, Runtime=self.runtime.identifier, **settings | config)

    def publish(self, name: str, files: Mapping[str, str | bytes]) -> str:
        layer = {"LayerName": f"{self.case.id.replace('.', '-')}-{name}", "Content": {"ZipFile": zipped(files)}}
        return str(self.lam.client.publish_layer_version(**layer)["LayerVersionArn"])  # type: ignore[arg-type]


@contextmanager
def traced(lam: OwnLam, header: str) -> Iterator[None]:
    """Who calls sends this trace header."""

    def add(params: Any, **_: Any) -> None:
        params["headers"]["X-Amzn-Trace-Id"] = header

    lam.client.meta.events.register("before-call.lambda.Invoke", add)
    try:
        yield
    finally:
        lam.client.meta.events.unregister("before-call.lambda.Invoke", add)
