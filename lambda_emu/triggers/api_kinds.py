"""The kinds of APIs of API Gateway, each with what reads and serves it, which its first API has imported."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from lambda_emu.triggers.execute_api.refusals import ApiFailure
from lambda_emu.triggers.execute_api.service import ApiKind, DataPlane, Seams

INSTALL = "pip install 'lambda-emu[services]'"

if TYPE_CHECKING:
    from lambda_emu.gateway.answers import Answer
    from lambda_emu.gateway.request import Request
    from lambda_emu.triggers.execute_api.apis import AnyApi
    from lambda_emu.triggers.known import Told


def _read_http_api(told: Told) -> AnyApi:
    from lambda_emu.triggers.http_apis.api import read_api

    return read_api(told)


def _serve_http_apis(seams: Seams) -> DataPlane:
    from lambda_emu.triggers.http_apis.making import make_data_plane

    return make_data_plane(seams)


def _read_rest_api(told: Told) -> AnyApi:
    from lambda_emu.triggers.rest_apis.api import read_api

    return read_api(told)


def _too_large_for_rest(request: Request) -> Answer:
    from lambda_emu.triggers.rest_apis.gateway_responses import refusal_answer
    from lambda_emu.triggers.rest_apis.refusals import TooLargeForRest

    return refusal_answer(TooLargeForRest(), {}, "", request.request_id, lambda _: None)


def _serve_rest_apis(seams: Seams) -> DataPlane:
    from lambda_emu.triggers.rest_apis.data_plane import DataPlane

    return DataPlane(seams)


def _read_websocket_api(told: Told) -> AnyApi:
    from lambda_emu.triggers.websocket_apis.api import read_api

    return read_api(told)


def _serve_websocket_apis(seams: Seams) -> DataPlane:
    """ApiFailure: what it needs is not installed."""
    try:
        from lambda_emu.triggers.websocket_apis.making import make_data_plane
    except ModuleNotFoundError as error:
        raise ApiFailure(f"WebSocket APIs need what is not installed ({error}): {INSTALL}") from error
    return make_data_plane(seams)


KINDS: Mapping[str, ApiKind] = {
    "HTTP": ApiKind(_read_http_api, _serve_http_apis),
    "REST": ApiKind(_read_rest_api, _serve_rest_apis, _too_large_for_rest),
    "WEBSOCKET": ApiKind(_read_websocket_api, _serve_websocket_apis),
}
"""By the name that their control plane has for it."""
