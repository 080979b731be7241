"""Functions as JSON in the database. A member added later gets its default when an older record is read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from lambda_emu.arn import FunctionId
from lambda_emu.model.function import (
    Artifact,
    Function,
    FunctionVersion,
    LayerReference,
    LoggingConfig,
    Progress,
    State,
    UpdateStatus,
)


def encode(function: Function) -> str:
    """One line of JSON. `running` is left out while it is the same as `latest`."""
    record = _plain(function)
    if function.running == function.latest:
        del record["running"]
    return json.dumps(record, separators=(",", ":"))


def decode(text: str) -> Function:
    """The function that `encode` wrote."""
    record = json.loads(text)
    latest = _version(record.pop("latest"))
    running = record.pop("running", None)
    return Function(
        **record | {"id": FunctionId(**record["id"])},
        latest=latest,
        running=latest if running is None else _version(running),
    )


def _plain(value: Any) -> Any:
    """Dataclasses and mappings as dictionaries, tuples as lists."""
    if hasattr(value, "__dataclass_fields__"):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def _version(record: dict[str, Any]) -> FunctionVersion:
    progress = record["progress"]
    update = progress["update"]
    return FunctionVersion(
        **record
        | {
            "id": FunctionId(**record["id"]),
            "code": Artifact(**record["code"]),
            "logging": LoggingConfig(**record["logging"]),
            "layers": tuple(LayerReference(item["arn"], Artifact(**item["content"])) for item in record["layers"]),
            "progress": Progress(
                **progress
                | {"state": State(progress["state"]), "update": None if update is None else UpdateStatus(update)}
            ),
        }
    )
