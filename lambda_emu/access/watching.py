"""Sees requests pass that may change policies, so that what was known of them is asked for anew."""

from __future__ import annotations

from collections.abc import Sequence

from lambda_emu.access.sources import PolicySources
from lambda_emu.gateway.credential import credential_of
from lambda_emu.http.message import Head

CHANGE = frozenset(
    {
        *("dynamodb:CreateTable", "dynamodb:DeleteResourcePolicy", "dynamodb:DeleteTable"),
        *("dynamodb:PutResourcePolicy", "dynamodb:UpdateTable", "ecr:CreateRepository"),
        *("ecr:DeleteRepository", "ecr:DeleteRepositoryPolicy", "ecr:SetRepositoryPolicy"),
        *("s3:CreateBucket", "s3:DeleteBucket"),
        *("s3:DeleteBucketPolicy", "s3:PutBucketPolicy", "secretsmanager:CreateSecret"),
        *("secretsmanager:DeleteResourcePolicy", "secretsmanager:DeleteSecret"),
        *("secretsmanager:PutResourcePolicy", "secretsmanager:RestoreSecret", "sns:AddPermission"),
        *("sns:CreateTopic", "sns:DeleteTopic", "sns:RemovePermission", "sns:SetTopicAttributes"),
    }
)
"""Actions after which the policy of a resource, or whose it is, may be another one."""
MOST_UNDER_WAY = 4096
IAM = "iam"


class PolicyWatch:
    """On the loop but for `let`."""

    def __init__(self, sources: PolicySources) -> None:
        self._sources = sources
        self._under_way: set[int] = set()  # heads of requests that change something, until they are answered

    def let(self, head: Head, actions: Sequence[str]) -> None:
        """It is about to be served. On any thread."""
        if not CHANGE.isdisjoint(actions):
            if len(self._under_way) >= MOST_UNDER_WAY:
                self._under_way.clear()
            self._under_way.add(id(head))

    def passed(self, head: Head) -> None:
        """It has been answered, or may have been done."""
        credential = credential_of(head.get(b"authorization"))
        if credential is not None and credential.service == IAM:
            self._sources.forget_principals()
            self._sources.forget_resources()  # trust policies
        if id(head) in self._under_way:
            self._under_way.discard(id(head))
            self._sources.forget_resources()

    def forget(self) -> None:
        """All accounts were emptied."""
        self._sources.forget_principals()
        self._sources.forget_resources()
