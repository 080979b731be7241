"""Names of functions and layers: what a caller may write, and the ARN it means; and what any ARN says.

docs/contract/api.md#names.
"""

from __future__ import annotations

import re
from functools import cached_property, lru_cache
from zlib import crc32

from msgspec import Struct

LATEST = "$LATEST"
LATEST_PUBLISHED = "$LATEST.PUBLISHED"  # only of functions on Managed Instances

REGION = r"(?:eusc-)?[a-z]{2}(?:-gov|-iso[a-z]?)?-[a-z]+-\d"

_NAME = re.compile(
    rf"(?:arn:(?:aws[a-zA-Z-]*)?:lambda:(?={REGION}:\d{{12}}:function(?::|\Z)))?"  # an ARN is whole or no ARN
    rf"(?:(?P<region>{REGION}):)?(?:(?P<account>\d{{12}}):)?(?:function:)?"
    r"(?P<name>[a-zA-Z0-9-_.]+)(?::(?P<qualifier>[$a-zA-Z0-9-_.]+))?",
    re.ASCII,
)
_LAYER = re.compile(
    rf"arn:(?:aws[a-zA-Z-]*)?:lambda:(?P<region>{REGION}):(?P<account>\d{{12}}):layer:"
    r"(?P<name>[a-zA-Z0-9-_]+)(?::(?P<number>[0-9]+))?",
    re.ASCII,
)
_PARTITIONS = {"cn": "aws-cn", "us-gov": "aws-us-gov", "us-iso": "aws-iso", "us-isob": "aws-iso-b", "eusc": "aws-eusc"}


class Scope(Struct, frozen=True):
    """An account in a region: what one caller sees. Names are unique within it."""

    account: str
    region: str

    @property
    def partition(self) -> str:
        return partition_of(self.region)

    def arn(self, resource: str, service: str = "lambda") -> str:
        """`arn:aws:<service>:<region>:<account>:<resource>`."""
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{resource}"

    def function(self, name: str) -> FunctionId:
        return FunctionId(self.account, self.region, name, self.partition)


_scope = lru_cache(maxsize=256)(Scope)  # most have many functions, each of which is asked for its scope


class FunctionId(Struct, frozen=True):
    """One function of one account in one region, without a qualifier."""

    account: str
    region: str
    name: str
    partition: str = "aws"

    @property
    def scope(self) -> Scope:
        return _scope(self.account, self.region)

    def arn(self, qualifier: str | None = None) -> str:
        """`arn:aws:lambda:<region>:<account>:function:<name>[:<qualifier>]`."""
        base = f"arn:{self.partition}:lambda:{self.region}:{self.account}:function:{self.name}"
        return base if qualifier is None else f"{base}:{qualifier}"


class LayerId(Struct, frozen=True):
    """One layer of one account in one region."""

    scope: Scope
    name: str

    def arn(self, number: int | None = None) -> str:
        """`arn:aws:lambda:<region>:<account>:layer:<name>[:<number>]`."""
        base = self.scope.arn(f"layer:{self.name}")
        return base if number is None else f"{base}:{number}"


class Target(Struct, frozen=True, dict=True):
    """What a request names: a function, and the qualifier if the caller gave one."""

    id: FunctionId
    qualifier: str | None = None

    @cached_property
    def arn(self) -> str:
        """Qualified exactly as the caller did; what the code sees as invoked_function_arn."""
        return self.id.arn(self.qualifier)

    @cached_property
    def mark(self) -> str:
        """8 hex digits by which a chain of events remembers the function, whatever its qualifier."""
        return f"{crc32(self.id.arn().encode()):08x}"


class ResourceArn(Struct, frozen=True):
    """Where something of Lambda's lies, and what it is: kind `function`, `code-signing-config` …"""

    scope: Scope
    kind: str
    name: str

    def __str__(self) -> str:
        return self.scope.arn(f"{self.kind}:{self.name}")


class WrittenName(Struct, frozen=True):
    """The parts of a FunctionName as a caller wrote it; None: left out."""

    name: str
    qualifier: str | None = None
    account: str | None = None
    region: str | None = None


def parse_function_name(text: str) -> WrittenName:
    """Take `name`, `name:q`, `function:name`, `<account>:function:name` or an ARN apart; ValueError if it is none."""
    if ":" not in text:
        return WrittenName(text)
    match = _NAME.fullmatch(text)
    if match is None:
        raise ValueError(f"not the name of a function: {text!r}")
    return WrittenName(match["name"], match["qualifier"], match["account"], match["region"])


def parse_resource_arn(arn: str) -> ResourceArn:
    """Take an ARN of Lambda's apart that passed the model's pattern; a qualifier is left out."""
    region, account, kind, name = arn.split(":")[3:7]
    return ResourceArn(Scope(account, region), kind, name)


def parse_layer_arn(text: str) -> tuple[LayerId, int | None]:
    """The layer, and the version's number if the ARN is that of a version; ValueError if it is no layer's ARN."""
    match = _LAYER.fullmatch(text)
    if match is None:
        raise ValueError(f"not the ARN of a layer: {text!r}")
    number = match["number"]
    return LayerId(Scope(match["account"], match["region"]), match["name"]), None if number is None else int(number)


def scope_in(arn: str) -> Scope:
    """Whose a resource of any service is; both parts are empty in the ARN of a bucket."""
    region, account = arn.split(":", 5)[3:5]
    return Scope(account, region)


def service_in(arn: str) -> str:
    """As an ARN names it: sqs, sns, lambda, s3, events."""
    return arn.split(":", 3)[2]


def partition_of(region: str) -> str:
    """The partition a region belongs to: `aws` for most."""
    prefix = region.rsplit("-", 2)[0]
    return _PARTITIONS.get(prefix) or _PARTITIONS.get(prefix.split("-")[0], "aws")
