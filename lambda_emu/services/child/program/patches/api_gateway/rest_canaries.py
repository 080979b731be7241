"""Canaries of REST APIs' stages, which moto has not: how they are changed, and made the stage's own."""

from __future__ import annotations

from typing import Any

from moto.apigateway.exceptions import BadRequestException
from moto.apigateway.models import Stage

SETTINGS = "/canarySettings"


def change_canary(canary: dict[str, Any] | None, operation: dict[str, Any], deployment_id: str | None) -> Any:
    """The settings as they are then; None: there is no canary any more. deployment_id: of the stage."""
    op, path, value = operation["op"], operation["path"].removeprefix(SETTINGS).strip("/"), operation.get("value")
    if not path:
        return None if op == "remove" else canary
    made: dict[str, Any] = {"percentTraffic": 0.0, "deploymentId": deployment_id, "useStageCache": False}
    made |= canary or {}
    if path == "percentTraffic":
        made[path] = _percent(value)
    elif path == "deploymentId":
        made[path] = value
    elif path == "useStageCache":
        made[path] = str(value).lower() == "true"
    elif path.startswith("stageVariableOverrides"):
        _override(made, op, path.partition("/")[2], value)
    else:
        raise BadRequestException(f"Invalid patch path {operation['path']}")
    return made


def promoted(stage: Stage, operation: dict[str, Any]) -> None:
    """`copy` of a canary's deployment or variables to the stage."""
    canary = getattr(stage, "canary", None) or {}
    if operation["path"] == "/deploymentId":
        stage.deployment_id = canary.get("deploymentId") or stage.deployment_id
    elif operation["path"] == "/variables":
        stage.variables = {**stage.variables, **(canary.get("stageVariableOverrides") or {})}
    else:
        raise BadRequestException(f"Invalid patch path {operation['path']}")


def _percent(value: Any) -> float:
    try:
        percent = float(value)
    except (TypeError, ValueError):
        percent = -1.0
    if not 0 <= percent <= 100:
        raise BadRequestException("Canary percentTraffic must be between 0.0 and 100.0")  # (?)
    return percent


def _override(canary: dict[str, Any], op: str, name: str, value: Any) -> None:
    overrides = dict(canary.get("stageVariableOverrides") or {})
    if not name:
        overrides = {}
    elif op == "remove":
        overrides.pop(name, None)
    else:
        overrides[name] = value
    canary["stageVariableOverrides"] = overrides
