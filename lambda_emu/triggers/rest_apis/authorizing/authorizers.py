"""Whether a request may take its method. On the loop. docs/contract/events.md#authorizers-of-rest-apis."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import urlsplit

from lambda_emu.model.caller import ANONYMOUS
from lambda_emu.triggers.execute_api.service import Seams
from lambda_emu.triggers.http_apis.issuers import Issuers
from lambda_emu.triggers.rest_apis.authorizing.functions import FunctionAuthorizers
from lambda_emu.triggers.rest_apis.authorizing.permit import Permit
from lambda_emu.triggers.rest_apis.authorizing.pools import KIND, PoolAuthorizers
from lambda_emu.triggers.rest_apis.authorizing.resource_policies import check_policy
from lambda_emu.triggers.rest_apis.authorizing.signatures import SignatureAuthorizers
from lambda_emu.triggers.rest_apis.entering import Entered
from lambda_emu.triggers.rest_apis.refusals import AuthorizerMisconfigured

CUSTOM, IAM = "CUSTOM", "AWS_IAM"
NOBODY = "NONE"
"""Who is asked about requests to a method that anybody may take."""

Way = Callable[[Entered], Awaitable[Permit]]


class Authorizers:
    """Of all REST APIs."""

    def __init__(self, seams: Seams) -> None:
        self._ways: Mapping[str, Way] = {
            CUSTOM: FunctionAuthorizers(seams).authorize,
            KIND: pool_authorizers(seams).authorize,
            IAM: SignatureAuthorizers(seams).authorize,
        }

    async def authorize(self, entered: Entered) -> Permit:
        """RestRefusal."""
        authorization = entered.method.authorization
        if authorization != IAM:  # who signed is known later
            check_policy(entered, ANONYMOUS, may_be_silent=authorization == CUSTOM)
        if authorization == NOBODY:
            return Permit(entered)
        way = self._ways.get(authorization)
        if way is None:
            raise AuthorizerMisconfigured(f"There is no authorizationType {authorization}.")
        return await way(entered)


def pool_authorizers(seams: Seams) -> PoolAuthorizers:
    return PoolAuthorizers(
        seams, Issuers(seams.loop, seams.clock, seams.token_keys, urlsplit(seams.hosting.base_url).port)
    )
