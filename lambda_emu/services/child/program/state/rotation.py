"""What a rotation came to: its function changes the secret meanwhile, so that it cannot be made again by itself."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from typing import Any

from lambda_emu.arn import scope_in

MEMBERS = (
    "rotation_requested",
    "rotation_lambda_arn",
    "auto_rotate_after_days",
    "rotation_enabled",
    "next_rotation_date",
    "last_rotation_date",
    "default_version_id",
    "secret_string",
    "secret_binary",
    "versions",
)


def write_rotated(answer: bytes) -> dict[str, Any]:
    """For the journal. answer: of RotateSecret."""
    arn = json.loads(answer)["ARN"]
    secret = _secret(arn)
    return {"arn": arn, "members": {name: _written(getattr(secret, name, None)) for name in MEMBERS}}


def rotated(said: dict[str, Any]) -> None:
    """Make a secret what it was then."""
    secret = _secret(said["arn"])
    for name, value in said["members"].items():
        if hasattr(secret, name):
            setattr(secret, name, _read(value))


def _secret(arn: str) -> Any:
    from moto.secretsmanager.models import secretsmanager_backends

    scope = scope_in(arn)
    return secretsmanager_backends[scope.account][scope.region].secrets[arn]


def _written(value: Any) -> Any:
    if isinstance(value, bytes):
        return {"bytes": b64encode(value).decode()}
    if isinstance(value, dict):
        return {name: _written(member) for name, member in value.items()}
    return value


def _read(value: Any) -> Any:
    if isinstance(value, dict):
        if set(value) == {"bytes"}:
            return b64decode(value["bytes"])
        return {name: _read(member) for name, member in value.items()}
    return value
