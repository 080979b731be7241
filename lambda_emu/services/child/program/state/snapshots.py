"""All that moto's services know at one moment, as a file, which is read where it was written, by the same version."""

from __future__ import annotations

import io
import logging
import os
import pickle
import platform
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from msgspec import Struct

from lambda_emu.services.child.program.objects.bodies import Bodies, Body

log = logging.getLogger(__name__)

TRIED_BYTES = 1024 * 1024
"""What is larger is objects and items, whose kinds are few."""
BackendKey = tuple[str, str, str]
"""Service, account, region: where a backend of moto's stands."""


class Snapshot(Struct, frozen=True):
    """until: the last entry of the journal that it has. services: whose entries those are. files: bodies it needs."""

    until: int
    services: Mapping[str, list[tuple[str, str, bytes]]]
    files: Collection[str]


def made_by() -> str:
    return f"lambda-emu {version('lambda-emu')}, moto {version('moto')}, Python {platform.python_version()}"


class Snapshots:
    """In a folder that is this user's alone: who can write there can have us run anything."""

    def __init__(self, folder: Path, bodies: Bodies) -> None:
        self._file = folder / "snapshot"
        self._told: set[str] = set()
        self._bodies = bodies

    @property
    def are_there(self) -> bool:
        """Whether one was written, by whichever version."""
        return self._file.exists()

    def write(self, services: Collection[str], until: int) -> Snapshot:
        """Of those services that can be written; the others are told."""
        keys = {id(backend): key for key, backend in _backends(services).items()}
        files: set[str] = set()
        kept: dict[str, list[tuple[str, str, bytes]]] = {}
        for service in services:
            try:
                kept[service] = [
                    (account, region, _dump(vars(backend), keys, self._bodies, files))
                    for (_, account, region), backend in _backends([service]).items()
                ]
            except (pickle.PicklingError, TypeError, AttributeError, RuntimeError, RecursionError) as error:
                if service not in self._told:
                    log.warning("what %s knows stays in the journal: %s", service, error)
                self._told.add(service)
        made = Snapshot(until, kept, frozenset(files))
        begun = self._file.with_suffix(".begun")
        try:
            with begun.open("wb") as file:
                file.write(made_by().encode() + b"\n")
                pickle.dump(made, file)
                file.flush()
                os.fsync(file.fileno())
            begun.rename(self._file)
        finally:
            begun.unlink(missing_ok=True)  # what found no room is not to take any
        return made

    def load(self, prepare: Callable[[str], object]) -> Snapshot | None:
        """Put back what is in it; None: there is none that can be read. prepare: given each service before."""
        if not self._file.exists():
            return None
        if self._file.stat().st_uid != os.getuid():
            log.warning("%s is somebody else's; it is not read", self._file)
            return None
        with self._file.open("rb") as file:
            written_by = file.readline().rstrip().decode("utf-8", "replace")
            if written_by != made_by():
                log.warning("%s was written by %s; what it has is not read, the journal alone", self._file, written_by)
                return None
            try:
                found: Snapshot = pickle.load(file)
            except Exception:  # of all that can stand there, a class that is another now
                log.exception("%s cannot be read; the journal alone is", self._file)
                return None
        try:
            self._put_back(found, prepare)
        except Exception:
            log.exception("%s cannot be read; what it has is lost", self._file)
        return found

    def _put_back(self, found: Snapshot, prepare: Callable[[str], object]) -> None:
        for service in found.services:
            prepare(service)
        for service, backends in found.services.items():
            for account, region, data in backends:
                _restore(_backend((service, account, region)), _Unpickler(io.BytesIO(data), self._bodies).load())


class Filled(Struct, frozen=True):
    """What stands in a dictionary whose default cannot be written; it goes into the one that is there."""

    items: dict[Any, Any]


def _backends(services: Collection[str]) -> dict[BackendKey, Any]:
    return {
        (service, account, region): backend
        for service in services
        for account, regions in list(backends_of(service).items())
        for region, backend in list(regions.items())
    }


def _backend(key: BackendKey) -> Any:
    service, account, region = key
    return backends_of(service)[account][region]


def backends_of(service: str) -> Any:
    """By account, then by region."""
    if service == "stepfunctions":  # there are two, and this is the one that runs machines
        from moto.stepfunctions.parser.models import stepfunctions_parser_backends

        return stepfunctions_parser_backends
    from moto import backends

    named: Any = backends  # it has a type for each name
    return named.get_backend(service)


def _restore(backend: Any, state: dict[str, Any]) -> None:
    for name, value in state.items():
        if isinstance(value, Filled):
            there = getattr(backend, name)
            there.clear()
            there.update(value.items)
        else:
            setattr(backend, name, value)


def _dump(state: Mapping[str, Any], keys: Mapping[int, BackendKey], bodies: Bodies, files: set[str]) -> bytes:
    """files: to which the names of those are added that it needs."""
    made = {name: Filled(dict(value)) if _has_local_default(value) else value for name, value in state.items()}
    written = io.BytesIO()
    _Pickler(written, keys, files).dump(made)
    data = written.getvalue()
    if len(data) <= TRIED_BYTES:
        _Unpickler(io.BytesIO(data), bodies).load()  # what cannot be read stays in the journal
    return data


def _has_local_default(value: object) -> bool:
    return isinstance(value, defaultdict) and "<locals>" in getattr(value.default_factory, "__qualname__", "")


class _Pickler(pickle.Pickler):
    """Backends are named by their place and bodies by their file; keys are written as PEM."""

    def __init__(self, file: io.BytesIO, keys: Mapping[int, BackendKey], files: set[str]) -> None:
        super().__init__(file)
        self._keys = keys
        self._files = files

    def persistent_id(self, found: Any) -> BackendKey | str | None:
        if isinstance(found, Body):
            self._files.add(found.name)
            return found.name
        return self._keys.get(id(found))

    def reducer_override(self, found: Any) -> Any:
        if hasattr(found, "private_bytes") and hasattr(found, "public_key"):
            return _read_private, (_pem_of(found),)
        if hasattr(found, "public_bytes") and hasattr(found, "verify"):
            return _read_public, (_public_pem_of(found),)
        if isinstance(found, defaultdict) and type(found) is not defaultdict:  # it may be made of other arguments
            return _dictionary, (type(found), found.default_factory), vars(found), None, iter(found.items())
        return NotImplemented


class _Unpickler(pickle.Unpickler):
    def __init__(self, file: io.BytesIO, bodies: Bodies) -> None:
        super().__init__(file)
        self._bodies = bodies

    def persistent_load(self, name: BackendKey | str) -> Any:
        return self._bodies.find(name) if isinstance(name, str) else _backend(name)


def _dictionary(kind: type[defaultdict[Any, Any]], default: Any) -> defaultdict[Any, Any]:
    made = kind.__new__(kind)
    made.default_factory = default
    return made


def _pem_of(key: Any) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    pem: bytes = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return pem


def _public_pem_of(key: Any) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    pem: bytes = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return pem


def _read_private(pem: bytes) -> Any:
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    return load_pem_private_key(pem, None)


def _read_public(pem: bytes) -> Any:
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    return load_pem_public_key(pem)
