"""Methods that IAM guards: who signed a request. On the loop. docs/contract/events.md#authorizers-of-rest-apis."""

from __future__ import annotations

import math
from collections.abc import Mapping

from msgspec.structs import replace

from lambda_emu.signatures.signers import BadSignature
from lambda_emu.triggers.execute_api.refusals import INVOKE_API, SIGNED_FOR, refusal_text
from lambda_emu.triggers.execute_api.service import Seams
from lambda_emu.triggers.rest_apis.authorizing.permit import Permit
from lambda_emu.triggers.rest_apis.authorizing.resource_policies import check_policy, whole_text
from lambda_emu.triggers.rest_apis.entering import Entered
from lambda_emu.triggers.rest_apis.refusals import BadlySigned, CallerRefused, NotSigned

MEMBERS: Mapping[str, str] = {
    "accessKey": "accessKey",
    "accountId": "accountId",
    "caller": "callerId",
    "user": "userId",
    "userArn": "userArn",
}
"""Of the context's `identity`: what the signer has under another name."""


class SignatureAuthorizers:
    def __init__(self, seams: Seams) -> None:
        self._signers = seams.signers
        self._may_invoke = seams.hosting.may_invoke

    async def authorize(self, entered: Entered) -> Permit:
        """NotSigned, BadlySigned, CallerRefused."""
        api = entered.api
        try:
            signer = await self._signers().of(entered.request, SIGNED_FOR, api.region)
        except BadSignature as error:
            raise BadlySigned(str(error)) from error
        if signer is None:
            raise NotSigned(f"Sign for the service `{SIGNED_FOR}` in {api.region}.")
        iam = signer.authorizer(api.region)["iam"]
        refusal = refusal_text(iam["userArn"], INVOKE_API, entered.arn)
        is_own = signer.account == api.account
        check_policy(entered, signer.caller, may_be_silent=is_own)
        if not is_own and entered.deployment.policy is None:
            hint = f"The API is of the account {api.account}, the key of {signer.account}."
            raise CallerRefused(hint, refusal)
        policy = entered.deployment.policy
        whole = None if policy is None else whole_text(policy, api.arn(""))
        reason = await self._may_invoke(signer.caller, entered.arn, api.account, whole, entered.request)
        if reason is not None:
            raise CallerRefused(f"IAM does not let it: {reason}", f"{refusal} {reason}")
        identity = {name: iam[other] for name, other in MEMBERS.items()}
        return Permit(replace(entered, identity=identity), 0.0 if signer.is_known else math.inf)
