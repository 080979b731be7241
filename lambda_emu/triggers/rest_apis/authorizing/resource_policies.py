"""What the policy of an API itself says of who asks. docs/contract/events.md#authorizers-of-rest-apis.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-authorization-flow.html
"""

from __future__ import annotations

from lambda_emu.model.caller import Caller, CallerKind
from lambda_emu.model.iam.evaluation import Held, Policy, Question, decide
from lambda_emu.triggers.execute_api.refusals import INVOKE_API, refusal_text
from lambda_emu.triggers.http_event import source_of
from lambda_emu.triggers.rest_apis.entering import Entered
from lambda_emu.triggers.rest_apis.refusals import CallerRefused, Misconfigured

SHORT = '"execute-api:/'
"""How a policy may name what is of its own API."""
NAME = "resource policy of the API"


def check_policy(entered: Entered, caller: Caller, *, may_be_silent: bool = False) -> None:
    """CallerRefused: it denies the caller, or does not allow him what nobody else does. Misconfigured: it is none.

    may_be_silent: others decide where it neither allows nor denies.
    """
    policy = entered.deployment.policy
    if policy is None:
        return
    asked = Question(caller, INVOKE_API, entered.arn, entered.api.account, _context(entered))
    try:
        decision = decide(asked, Held(), Policy(NAME, whole_text(policy, entered.api.arn(""))))
    except ValueError as error:
        raise Misconfigured(f"The API's policy cannot be read: {error}.") from error
    if decision.allowed or (may_be_silent and not decision.denied):
        return
    who = "anonymous" if caller.kind is CallerKind.ANONYMOUS else caller.arn
    words = refusal_text(who, INVOKE_API, entered.arn)
    raise CallerRefused(
        f"The API's policy {'denies' if decision.denied else 'does not allow'} it.",
        f"{words} with an explicit deny" if decision.denied else words,
    )


def whole_text(policy: str, arn: str) -> str:
    """With whole ARNs. arn: of what is below the API. Some clients send it once more as the inside of a JSON text."""
    if policy.startswith('{\\"'):
        policy = policy.replace('\\"', '"').replace("\\/", "/")
    return policy.replace(SHORT, f'"{arn}')


def _context(entered: Entered) -> dict[str, str]:
    head = entered.request.head
    agent = head.get(b"user-agent")
    context = {"aws:sourceip": source_of(head), "aws:securetransport": "true"}
    return context if agent is None else context | {"aws:useragent": agent.decode("latin-1")}
