"""Makes what serves WebSocket APIs, with the first request to one."""

from __future__ import annotations

from lambda_emu.triggers.execute_api.service import Seams
from lambda_emu.triggers.http_apis.lambda_authorizers import LambdaAuthorizers
from lambda_emu.triggers.rest_apis.integrations.services import Services
from lambda_emu.triggers.websocket_apis.authorizing import SocketAuthorizers
from lambda_emu.triggers.websocket_apis.back_ends import BackEnds
from lambda_emu.triggers.websocket_apis.data_plane import DataPlane
from lambda_emu.triggers.websocket_apis.functions import Functions


def make_data_plane(seams: Seams) -> DataPlane:
    """On the loop."""
    services = Services(seams)
    functions = LambdaAuthorizers(seams.invoke, seams.clock)
    authorizers = SocketAuthorizers(seams, functions)
    back_ends = BackEnds(Functions(seams.store, seams.invoke, seams.clock, seams.permissions), services, seams.loop)
    return DataPlane(seams, authorizers, back_ends)
