"""AWS's own policies, 1,500 of them, are there for an account once somebody looks for policies in it.

With moto each account has made them by whatever is first asked in its name, of any service: 0.15 s and 5 MB.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from hashlib import sha256
from threading import RLock
from typing import Any

from lambda_emu.services.child.program.state.moment import moment

LATE = ("managed_policies", "aws_managed_policies")
"""What has them, of those who serve an account's IAM."""
_lock = RLock()  # guards the two until they are made


def delay_aws_policies() -> None:
    """Before anybody serves an account's IAM."""
    from moto.iam.models import IAMBackend

    backend: Any = IAMBackend
    begin = backend.__init__

    def begin_without(self: Any, region_name: str, account_id: str) -> None:
        begin(self, region_name, account_id)
        for name in LATE:
            delattr(self, name)

    def find(self: Any, name: str) -> Any:
        if name not in LATE:
            raise AttributeError(name)
        with _lock:
            if name not in vars(self):
                made = _made(self)
                vars(self).update(managed_policies={one.arn: one for one in made}, aws_managed_policies=made)
            return vars(self)[name]

    backend.__init__ = begin_without
    backend.__getattr__ = find


def _made(backend: Any) -> list[Any]:
    """An account's own, since each counts whom it is attached to. Their ids are the same whenever they are made."""
    from moto.iam import models

    policy: Any = models.AWSManagedPolicy
    account, region = backend.account_id, backend.region_name
    seed = int.from_bytes(sha256(f"policies of AWS {account} {region}".encode()).digest()[:8], "big")
    with moment(seed, None):
        return [policy(name, account, region, **members) for name, members in _members().items()]


@cache
def _members() -> Mapping[str, Mapping[str, Any]]:
    """Of each policy, by its name; their documents are the same texts for all accounts."""
    from moto.iam.aws_managed_policies import aws_managed_policies_data

    return {
        name: {
            "default_version_id": told.get("DefaultVersionId"),
            "path": told.get("Path"),
            "document": json.dumps(told.get("Document")),
            "create_date": datetime.fromisoformat(told["CreateDate"]),
            "update_date": datetime.fromisoformat(told["UpdateDate"]),
        }
        for name, told in json.loads(aws_managed_policies_data).items()
    }
