"""What is served on the port, by whom, in which process: for `lambda-emu services` and for scripts that wait."""

from __future__ import annotations

import importlib.util
import os
import resource
from collections.abc import Collection
from functools import cache
from pathlib import Path
from typing import Any

from msgspec import Struct

from lambda_emu.services.catalogue import KNOWN
from lambda_emu.services.child.errors import EXTRA
from lambda_emu.services.child.service import OtherServices
from lambda_emu.services.neighbours.neighbour import Neighbour

OURS, MOTO, BOTH, AWS = "lambda-emu", "moto", "lambda-emu and moto", "AWS"
BY = {
    **dict.fromkeys(("cloudformation", "events", "firehose", "kinesis", "lambda", "logs", "scheduler", "sqs"), OURS),
    **dict.fromkeys(("apigatewayv2", "cloudwatch", "elbv2", "stepfunctions"), BOTH),
    **dict.fromkeys(
        (
            *("apigateway", "cognito-identity", "cognito-idp", "dynamodb", "dynamodbstreams", "ecr", "iam", "kms"),
            *("resourcegroupstaggingapi", "s3", "s3control", "secretsmanager", "ses", "sesv2", "sns", "ssm"),
            *("sts", "xray"),
        ),
        MOTO,
    ),
}
WHOLE_WITHOUT_MOTO = "cloudwatch"
"""But for dashboards; an HTTP API cannot even be made."""
NAMES = sorted({*KNOWN, "lambda"})


class ServedBy(Struct, frozen=True):
    """name: as boto3 calls it. by: None: nobody. needs: what would have it served. running: who serves it runs."""

    name: str
    by: str | None
    needs: str | None
    running: bool


class Overview:
    """child: moto's process, which is asked how it is."""

    def __init__(self, neighbours: Collection[Neighbour], child: OtherServices) -> None:
        self._elsewhere = {one.name: one.url or AWS for one in neighbours}
        self._child = child

    def services(self) -> list[ServedBy]:
        """Anywhere; looks at nothing that takes time."""
        names = sorted({*NAMES, *self._elsewhere})
        return [self._of(name, self._child.pid is not None) for name in names]

    def told(self) -> dict[str, Any]:
        """All of it, for the command. Not on the loop."""
        child = self._child.status()
        outbox = self._child.outbox() if child is None else child.outbox
        processes = [{"name": "lambda-emu", "pid": os.getpid(), "memory_mb": own_memory_mb()}]
        if child is not None:
            processes.append({"name": MOTO, "pid": child.pid, "memory_mb": child.memory_mb})
        services = [{"name": one.name, "by": one.by, "needs": one.needs} for one in self.services()]
        return {"services": services, "processes": processes, "outbox": list(outbox)}

    def _of(self, name: str, has_child: bool) -> ServedBy:
        if name in self._elsewhere:
            return ServedBy(name, self._elsewhere[name], None, True)
        by = BY.get(name)
        if by is None:
            return ServedBy(name, None, f"--service {name}=URL", False)
        if by in (MOTO, BOTH) and not has_moto():
            ours = OURS if name == WHOLE_WITHOUT_MOTO else None
            return ServedBy(name, ours, f"pip install '{EXTRA}'", ours is not None)
        return ServedBy(name, by, None, by != MOTO or has_child)


@cache
def has_moto() -> bool:
    return importlib.util.find_spec("moto") is not None


def own_memory_mb() -> int:
    """As the kernel counts it."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() // (1024 * 1024)
