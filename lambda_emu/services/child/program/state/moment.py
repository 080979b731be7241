"""Time and chance inside of a change: those of its first time, whenever it is made again."""

from __future__ import annotations

import datetime
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from random import Random
from typing import Any
from uuid import UUID

from lambda_emu.services.child.program.clock import clock
from lambda_emu.services.child.program.current_request import service

_here = threading.local()
_urandom = os.urandom


@contextmanager
def moment(seed: int, time_s: float | None) -> Iterator[None]:
    """Until the block ends, this thread's numbers follow from the seed, and it is that time. Others have their own."""
    before = _chance(), getattr(_here, "time_s", None)
    _here.chance, _here.time_s = Random(seed), time_s
    try:
        yield
    finally:
        _here.chance, _here.time_s = before


def replace_chance() -> None:
    """moto draws all its ids from one generator that every module holds."""
    from moto.moto_api._internal.moto_random import MotoRandom

    def random(self: Random) -> float:
        chance = _chance()
        return Random.random(self) if chance is None else chance.random()

    def getrandbits(self: Random, bits: int) -> int:
        chance = _chance()
        return Random.getrandbits(self, bits) if chance is None else chance.getrandbits(bits)

    _replace_beginnings()
    MotoRandom.random = random  # type: ignore[assignment]
    MotoRandom.getrandbits = getrandbits  # type: ignore[assignment]
    os.urandom = _bytes


def replace_time() -> None:
    """moto asks one function for it."""
    from moto.core import utils

    utils.now_of_a_change = now  # type: ignore[attr-defined]
    utils.utcnow.__code__ = _utcnow.__code__  # everybody holds this function


def _replace_beginnings() -> None:
    """What a service makes for itself when it is first asked, in an account and region, is no part of what is asked.

    Who comes first is another one when changes are made again, without the questions between them.
    """
    from moto.core import base_backend

    module: Any = base_backend
    backends = module.AccountSpecificBackend
    get: Any = backends.__getitem__

    def begin(self: Any, region: str) -> Any:
        if dict.__contains__(self, region):
            return dict.__getitem__(self, region)
        seed = int.from_bytes(sha256(f"{self.service_name} {self.account_id} {region}".encode()).digest()[:8], "big")
        with moment(seed, getattr(_here, "time_s", None)):
            return get(self, region)

    backends.__getitem__ = begin
    module.uuid4 = lambda: UUID(bytes=_urandom(16), version=4)  # names objects within this process


def replace_keys(keep: Callable[[str, Callable[[], bytes]], bytes]) -> None:
    """RSA keys come from OpenSSL, by no seed. keep: of a name; what was made for it the first time."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    make = rsa.generate_private_key

    def generate(public_exponent: int, key_size: int, backend: Any = None) -> Any:
        chance = _chance()
        if chance is None:
            return make(public_exponent, key_size, backend)

        def pem() -> bytes:
            return make(public_exponent, key_size, backend).private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )

        return serialization.load_pem_private_key(keep(f"{chance.getrandbits(64):016x}", pem), None)

    rsa.generate_private_key = generate


def now() -> datetime.datetime:
    """UTC, and says no zone, as moto has it."""
    time_s = getattr(_here, "time_s", None)
    time_s = clock.of(service()) if time_s is None else time_s
    return datetime.datetime.fromtimestamp(time_s, datetime.UTC).replace(tzinfo=None)


def stamp() -> str:
    """The same as `YYYY-MM-DDThh:mm:ss.sssZ`."""
    return f"{now().isoformat(timespec='milliseconds')}Z"


def _utcnow() -> datetime.datetime:
    """In moto's module, where this name is ours."""
    return now_of_a_change()  # type: ignore[name-defined,no-any-return]  # noqa: F821


def _chance() -> Random | None:
    return getattr(_here, "chance", None)


def _bytes(count: int, /) -> bytes:
    chance = _chance()
    return _urandom(count) if chance is None else chance.randbytes(count)
