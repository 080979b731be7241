"""Who asks, as policies and events name them. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html"""

from __future__ import annotations

from enum import Enum

from msgspec import Struct


class CallerKind(Enum):
    """SERVICE: this server itself, in the name of one of AWS's services."""

    ROOT = "root"
    USER = "user"
    SESSION = "session"
    FEDERATED = "federated"
    ANONYMOUS = "anonymous"
    SERVICE = "service"


class Caller(Struct, frozen=True):
    """account: empty of ANONYMOUS, whose ARN is empty too. arn: as `aws:PrincipalArn` does not have it, but errors do.

    arn: of the root user, the user, `assumed-role/ROLE/SESSION` or `federated-user/NAME`. role_arn: of the role that is
    assumed, else None. policies: JSON texts that narrow a session; it may do what each of them allows as well.
    source_identity, tags: of a session.
    """

    kind: CallerKind
    access_key: str
    account: str
    arn: str
    user_id: str
    role_arn: str | None = None
    policies: tuple[str, ...] = ()
    source_identity: str | None = None
    tags: tuple[tuple[str, str], ...] = ()

    @property
    def principal_arn(self) -> str:
        """As the condition key `aws:PrincipalArn` has it: a session's role, else the caller."""
        return self.role_arn or self.arn


ANONYMOUS = Caller(CallerKind.ANONYMOUS, "", "", "", "")


def root_of(account: str, access_key: str, partition: str = "aws") -> Caller:
    return Caller(CallerKind.ROOT, access_key, account, f"arn:{partition}:iam::{account}:root", account)
