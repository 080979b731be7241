"""What all policies together come to for one request, in the order in which IAM asks them.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum

from msgspec import Struct

from lambda_emu.model.caller import Caller, CallerKind
from lambda_emu.model.iam.conditions import all_hold
from lambda_emu.model.iam.documents import Statement, read_policy
from lambda_emu.model.iam.patterns import Context
from lambda_emu.model.iam.principals import Named

NOTHING_TOLD: Context = {}
ASSUME_ROLE = "sts:AssumeRole"
OF_TRUST = (ASSUME_ROLE, "sts:SetSourceIdentity", "sts:TagSession")
"""What a role's own policy has to let whoever it is do, of its account as well."""


class Policy(Struct, frozen=True):
    """A text, and what it is called: its ARN, or the name of an inline one."""

    name: str
    text: str


class Held(Struct, frozen=True):
    """What a caller's own account says of it. boundary: None: it has none."""

    identity: tuple[Policy, ...] = ()
    boundary: Policy | None = None


class Kind(Enum):
    """Of policies, as AWS's texts have them."""

    IDENTITY = "identity-based policy"
    RESOURCE = "resource-based policy"
    SESSION = "session policy"
    BOUNDARY = "permissions boundary"


class Question(Struct, frozen=True):
    """May `caller` do this? owner: the account that the resource is of. context: by key in lower case."""

    caller: Caller
    action: str
    resource: str
    owner: str
    context: Context = NOTHING_TOLD


class Decision(Struct, frozen=True):
    """kind: of the policy that decided, or of the one that is missing. policy, sid: None: no statement decided.

    is_open: another request of the same caller for the same may be decided otherwise.
    """

    allowed: bool
    kind: Kind | None
    denied: bool = False
    policy: str | None = None
    sid: str | None = None
    is_open: bool = False

    def reason(self, action: str) -> str:
        """The end of AWS's text, of what is not allowed."""
        assert self.kind is not None
        article = "an" if self.kind is Kind.IDENTITY else "a"
        if self.denied:
            return f"with an explicit deny in {article} {self.kind.value}"
        return f"because no {self.kind.value} allows the {action} action"


class _Found(Struct):
    """What the policies of one kind say. named: how the nearest statement that allows it names the caller."""

    named: Named = Named.NOT
    policy: str | None = None
    sid: str | None = None
    denied: bool = False
    is_open: bool = False


def decide(asked: Question, held: Held, resource: Policy | None = None) -> Decision:
    """held: of the caller. resource: the policy that the resource itself has."""
    caller = asked.caller
    found = {
        Kind.IDENTITY: _look(held.identity, asked),
        Kind.RESOURCE: _look(() if resource is None else (resource,), asked, by_principal=True),
        Kind.BOUNDARY: _look(() if held.boundary is None else (held.boundary,), asked),
        Kind.SESSION: _look((Policy("session policy", text) for text in caller.policies), asked),
    }
    is_open = any(each.is_open for each in found.values())
    for kind, each in found.items():
        if each.denied:
            return Decision(False, kind, True, each.policy, each.sid, is_open)
    missing = _missing(asked, held, {kind: each.named for kind, each in found.items()})
    if missing is not None:
        return Decision(False, missing, is_open=is_open)
    by = Kind.IDENTITY if found[Kind.IDENTITY].named else Kind.RESOURCE
    return Decision(True, by, False, found[by].policy, found[by].sid, is_open)


def _missing(asked: Question, held: Held, named: Mapping[Kind, Named]) -> Kind | None:
    """What would have to allow it and does not; None: nothing is missing."""
    caller, of_resource = asked.caller, named[Kind.RESOURCE]
    is_own = caller.account == asked.owner
    if caller.kind in (CallerKind.ANONYMOUS, CallerKind.SERVICE):
        return None if of_resource else Kind.RESOURCE
    if not of_resource and (not is_own or asked.action in OF_TRUST):
        return Kind.RESOURCE
    if is_own and of_resource is Named.ITSELF:
        return None
    if held.boundary is not None and not named[Kind.BOUNDARY]:
        return Kind.BOUNDARY
    if caller.policies and not named[Kind.SESSION]:
        return Kind.SESSION
    if caller.kind is CallerKind.ROOT or named[Kind.IDENTITY]:
        return None
    return None if is_own and of_resource is Named.ROLE else Kind.IDENTITY


def _look(policies: Iterable[Policy], asked: Question, *, by_principal: bool = False) -> _Found:
    """by_principal: statements say whom they are about."""
    found, action = _Found(), asked.action.lower()
    for policy in policies:
        for statement in _statements(policy):
            named = Named.ITSELF
            if by_principal:
                named = Named.NOT if statement.principals is None else statement.principals.named(asked.caller)
            if named is Named.NOT or not statement.is_about(action, asked.resource, asked.context):
                found.is_open = found.is_open or _may_be_about(statement, named)
                continue
            found.is_open = found.is_open or statement.is_open
            holds = all_hold(statement.conditions, asked.context)
            if not statement.allows and holds is not False:
                found.denied, found.policy, found.sid = True, policy.name, statement.sid
                return found
            if statement.allows and holds and named > found.named:
                found.named, found.policy, found.sid = named, policy.name, statement.sid
    return found


def _may_be_about(statement: Statement, named: Named) -> bool:
    """With other values of its variables."""
    return named is not Named.NOT and any(pattern.is_open for pattern in statement.resources)


def _statements(policy: Policy) -> tuple[Statement, ...]:
    """What cannot be read allows nothing, and denies nothing."""
    try:
        return read_policy(policy.text)
    except ValueError:
        return ()
