"""Who may take methods and routes of APIs that IAM guards, and ask for connections to them.

Their data planes ask, and refuse in their own words.
"""

from __future__ import annotations

from lambda_emu.access.late import FREE, LateAccess
from lambda_emu.gateway.request import Request
from lambda_emu.model.caller import Caller
from lambda_emu.triggers.execute_api.refusals import INVOKE_API


class ApiAccess:
    """triggers.execute_api.service.MayInvoke."""

    def __init__(self, access: LateAccess) -> None:
        self._access = access

    async def reason(
        self, caller: Caller, arn: str, owner: str, policy: str | None, asked: Request, action: str = INVOKE_API
    ) -> str | None:
        """The end of AWS's text, why not; None: he may. LambdaError where nobody answers who knows."""
        if caller.kind in FREE:
            return None
        from lambda_emu.access.demand import Demand  # here: few APIs are guarded by IAM
        from lambda_emu.access.sources import Resource
        from lambda_emu.model.iam.evaluation import Policy

        access = self._access()
        principal = await access.sources.principal(caller)
        resource = Resource(owner, None if policy is None else Policy("resource policy of the API", policy))
        weighed = access.weigh(caller, Demand(action, arn), principal, resource, asked)
        access.explained.add((asked.request_id, caller, [weighed]))
        return weighed.decision.reason(action) if weighed.is_refused else None


async def allow_all(
    _caller: Caller, _arn: str, _owner: str, _policy: str | None, _asked: Request, _action: str = INVOKE_API
) -> str | None:
    """Where IAM is off."""
    return None
