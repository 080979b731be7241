"""ExportApi of HTTP APIs, which moto has not."""

from __future__ import annotations

import json
from typing import Any

import yaml
from moto.apigatewayv2 import urls
from moto.apigatewayv2.exceptions import BadRequestException
from moto.apigatewayv2.responses import ApiGatewayV2Response

from lambda_emu.services.child.program.openapi.http_export import write_http_api
from lambda_emu.services.child.program.patches.api_gateway.http_apis import serves

Answered = tuple[int, dict[str, Any], str | bytes]
SPECIFICATION, FORMATS = "OAS30", ("JSON", "YAML")


def extend() -> None:
    """Before moto makes its app of this service."""
    urls.url_paths["{0}/v2/apis/(?P<api_id>[^/]+)/exports/(?P<specification>[^/]+)$"] = ApiGatewayV2Response.dispatch
    setattr(ApiGatewayV2Response, export_api.__name__, export_api)


def export_api(response: Any) -> Answered:
    """As a stage serves it, where one is named."""
    _, _, _, api_id, _, specification = response.path.split("/")
    api = response.apigatewayv2_backend.get_api(api_id)
    kind = str(response._get_param("outputType") or "")
    if specification != SPECIFICATION or kind not in FORMATS or api.protocol_type != "HTTP":
        raise BadRequestException(f"{specification} in {kind or 'no format'} is not exported")
    has_extensions = str(response._get_param("includeExtensions", "true")).lower() != "false"
    made = write_http_api(api.to_json(), serves(api, response._get_param("stageName")), has_extensions=has_extensions)
    body = yaml.safe_dump(made, sort_keys=False, allow_unicode=True) if kind == "YAML" else json.dumps(made, indent=2)
    return 200, {"Content-Type": "application/octet-stream"}, body.encode()
