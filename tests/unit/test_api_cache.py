"""An API is read once, and again after each change to it. docs/decisions/http-apis.md."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from lambda_emu.clock import Clock
from lambda_emu.http.message import Head
from lambda_emu.triggers.execute_api.apis import Apis
from lambda_emu.triggers.execute_api.refusals import ApiFailure
from lambda_emu.triggers.http_apis.api import Api, read_api
from lambda_emu.triggers.known import KEPT


class Plane:
    """A control plane. reads: the APIs of which was asked. held: nothing is told while it is not set."""

    def __init__(self) -> None:
        self.apis: dict[str, Any] = {}
        self.reads: list[str] = []
        self.held = asyncio.Event()
        self.held.set()

    async def read(self, api_id: str) -> Any:
        self.reads.append(api_id)
        told = self.apis.get(api_id)
        await self.held.wait()
        if isinstance(told, Exception):
            raise told
        return told and {"kind": "HTTP", "account": "1", "region": "r", "stages": [], "api": {"apiId": api_id, **told}}

    def change(self, apis: Apis, target: str, method: str = "POST") -> None:
        apis.passed(Head(method.encode(), target.encode(), [], "1.1", True))


READERS = {"HTTP": read_api}
HTTP = {"protocolType": "HTTP"}
"""The least that an API is told by."""


def test_an_api_is_read_once_whoever_asks_meanwhile() -> None:
    async def run() -> None:
        plane = Plane()
        plane.apis["a"] = HTTP
        apis = Apis(plane.read, READERS, Clock())

        found = await asyncio.gather(*(apis.get("a") for _ in range(20)))
        again = await apis.get("a")

        assert plane.reads == ["a"]
        assert again is not None
        assert {id(api) for api in found} == {id(again)} == {id(apis.known("a"))}

    asyncio.run(run())


@pytest.mark.parametrize("target", ["/v2/apis/a", "/v2/apis/a/routes", "/v2/apis/a/stages/dev?x=1"])
def test_a_change_of_it_is_read_and_no_other_is(target: str) -> None:
    async def run() -> None:
        plane = Plane()
        plane.apis |= {"a": HTTP, "b": HTTP}
        apis = Apis(plane.read, READERS, Clock())
        before = await apis.get("a"), await apis.get("b")

        plane.change(apis, target, "GET")
        assert (await apis.get("a"), await apis.get("b")) == before
        plane.change(apis, target)
        plane.change(apis, "/v2/domainnames/a")

        assert await apis.get("a") is not before[0]
        assert await apis.get("b") is before[1]
        assert plane.reads == ["a", "b", "a"]

    asyncio.run(run())


def test_what_was_told_before_a_change_is_not_kept() -> None:
    async def run() -> None:
        plane = Plane()
        plane.apis["a"] = HTTP | {"disableExecuteApiEndpoint": True}
        plane.held.clear()
        apis = Apis(plane.read, READERS, Clock())
        asking = asyncio.create_task(apis.get("a"))
        while not plane.reads:
            await asyncio.sleep(0)

        plane.apis["a"] = HTTP
        plane.change(apis, "/v2/apis/a", "PATCH")
        plane.held.set()
        api = await asking

        assert isinstance(api, Api)
        assert not api.is_disabled
        assert plane.reads == ["a", "a"]

    asyncio.run(run())


def test_an_id_that_nobody_had_is_read_when_an_api_was_made() -> None:
    async def run() -> None:
        plane = Plane()
        apis = Apis(plane.read, READERS, Clock())
        assert [await apis.get("a") for _ in range(3)] == [None] * 3

        plane.apis["a"] = HTTP
        plane.change(apis, "/v2/apis")

        assert await apis.get("a") is not None
        assert plane.reads == ["a", "a"]

    asyncio.run(run())


@pytest.mark.parametrize("told", [OSError("gone"), {"protocolType": "HTTP", "corsConfiguration": 7}])
def test_what_cannot_be_read_is_tried_again(told: Any) -> None:
    async def run() -> None:
        plane = Plane()
        plane.apis["a"] = told
        apis = Apis(plane.read, READERS, Clock())
        with pytest.raises((OSError, ApiFailure)):
            await apis.get("a")

        plane.apis["a"] = HTTP

        assert await apis.get("a") is not None

    asyncio.run(run())


def test_ids_that_strangers_think_of_are_bounded_and_none_that_is_no_name_is_read() -> None:
    async def run() -> None:
        plane = Plane()
        apis = Apis(plane.read, READERS, Clock())

        names = [f"x{number}" for number in range(3 * KEPT)]
        plane.apis |= dict.fromkeys(names, HTTP)
        for name in names:
            assert await apis.get(name) is not None
        for name in ("", "a/b", "a" * 65, "ä", "../x", "\0"):
            assert await apis.get(name) is None

        assert len(plane.reads) == 3 * KEPT
        assert sum(apis.known(name) is not None for name in names) == KEPT

    asyncio.run(run())
