"""Makes what serves HTTP APIs, with the first request to one."""

from __future__ import annotations

from urllib.parse import urlsplit

from lambda_emu.triggers.execute_api.service import Seams
from lambda_emu.triggers.http_apis.authorizing import Authorizers
from lambda_emu.triggers.http_apis.data_plane import DataPlane
from lambda_emu.triggers.http_apis.issuers import Issuers
from lambda_emu.triggers.http_apis.lambda_authorizers import LambdaAuthorizers


def make_data_plane(seams: Seams) -> DataPlane:
    """On the loop."""
    issuers = Issuers(seams.loop, seams.clock, seams.token_keys, urlsplit(seams.hosting.base_url).port)
    functions = LambdaAuthorizers(seams.invoke, seams.clock)
    authorizers = Authorizers(seams, issuers, functions)
    return DataPlane(seams.store, seams.invoke, seams.loop, seams.clock, authorizers, seams.permissions)
