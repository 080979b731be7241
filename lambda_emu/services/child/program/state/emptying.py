"""An account that is emptied: a change of each service of moto's that knows it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from lambda_emu.services.child.program.state.made import change
from lambda_emu.services.child.program.state.snapshots import backends_of


def services_of(account: str, services: Iterable[str]) -> list[str]:
    """Those that anything was asked of in its name."""
    return [service for service in sorted(services) if account in list(backends_of(service))]


@change
def empty_account(service: str, account: str) -> None:
    """Whatever the service knows of it is gone, in every region."""
    for backend in list(backends_of(service)[account].values()):
        if service == "s3":
            _let_go(backend)
        _begin_anew(backend)


def _begin_anew(backend: Any) -> None:
    """As moto's own reset does it; that of S3 ends the objects of every account."""
    region, account = backend.region_name, backend.account_id
    vars(backend).clear()
    backend.__init__(region, account)


def _let_go(backend: Any) -> None:
    """Names of buckets are everybody's."""
    from moto.s3.models import s3_backends

    for name in [*backend.buckets, *backend.table_buckets]:
        s3_backends.bucket_accounts.pop(name, None)
