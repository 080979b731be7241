"""GetExport: what a stage serves, as a document. moto's own has paths and statuses alone."""

from __future__ import annotations

import json
from typing import Any

import yaml
from moto.apigateway.exceptions import BadRequestException, StageNotFoundException
from moto.apigateway.responses import APIGatewayResponse

from lambda_emu.services.child.program.openapi.rest_export import KINDS, write_rest_api
from lambda_emu.services.child.program.patches.api_gateway.rest_apis import deployed
from lambda_emu.services.child.program.state.moment import now

Answered = tuple[int, dict[str, Any], str | bytes]


def extend() -> None:
    """Before moto makes its app of this service."""
    setattr(APIGatewayResponse, get_export.__name__, get_export)


def get_export(response: Any) -> Answered:
    _, _, api_id, _, stage, _, kind = response.path.split("/")
    api = response.backend.apis.get(api_id)
    if kind not in KINDS:
        raise BadRequestException(f"No API exporter for type '{kind}'")
    if api is None or stage not in api.stages:
        raise StageNotFoundException
    extensions = frozenset(str(response._get_param("extensions") or "").replace(" ", "").split(","))
    made = write_rest_api(deployed(api, stage), response.region, stage, kind, extensions)
    is_yaml = "yaml" in str(response.headers.get("Accept") or "")
    body = yaml.safe_dump(made, sort_keys=False, allow_unicode=True) if is_yaml else json.dumps(made, indent=2)
    name = f"{kind}_{now():%Y-%m-%dT%H:%M:%SZ}.{'yaml' if is_yaml else 'json'}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return 200, {**headers, "Content-Type": "application/octet-stream"}, body.encode()
