"""All that serving an API of API Gateway needs, whoever's it is and of whichever kind."""

from __future__ import annotations

import sys
from typing import Any


def describe_api(api_id: str) -> dict[str, Any] | None:
    """None: there is none. What was never imported has no APIs, and is not imported for the question."""
    if "moto.apigatewayv2.models" in sys.modules:
        from lambda_emu.services.child.program.patches.api_gateway import http_apis

        found = http_apis.describe_api(api_id)
        if found is not None:
            return found
    if "moto.apigateway.models" in sys.modules:
        from lambda_emu.services.child.program.patches.api_gateway import rest_apis

        return rest_apis.describe_api(api_id)
    return None
