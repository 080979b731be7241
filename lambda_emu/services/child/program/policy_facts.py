"""What IAM and the services of this process know of policies: those that a user or role is held to, and resources'."""

from __future__ import annotations

from base64 import urlsafe_b64decode
from collections.abc import Callable, Iterator, Mapping
from typing import Any

Find = Callable[[str], dict[str, Any] | None]


def held_policies(about: str) -> dict[str, Any] | None:
    """Of a user or a role. identity, boundary: each a policy's ARN or name, and its text."""
    from moto.iam.models import iam_backends

    arn = _read(about)
    parts = arn.split(":", 5)
    if len(parts) != 6 or parts[2] != "iam" or parts[4] not in iam_backends:
        return None
    backend = iam_backends[parts[4]][parts[1]]
    kind, name = parts[5].partition("/")[0], parts[5].rpartition("/")[2]
    found = _role(backend, name) if kind == "role" else _user(backend, name) if kind == "user" else None
    if found is None or found.arn != arn:
        return None
    groups = [group for group in list(backend.groups.values()) if kind == "user" and found in group.users]
    identity = [each for holder in (found, *groups) for each in _policies_of(holder)]
    boundary = getattr(found, "permissions_boundary_arn", None)
    text = _managed(backend, boundary) if boundary else None
    return {
        "identity": identity,
        "boundary": None if not boundary else (boundary, text or "{}"),
        "tags": {tag["Key"]: tag["Value"] for tag in _tags(backend, found, kind)},
    }


def _role(backend: Any, name: str) -> Any:
    return next((role for role in list(backend.roles.values()) if role.name == name), None)


def _user(backend: Any, name: str) -> Any:
    return backend.users.get(name)


def _policies_of(holder: Any) -> Iterator[tuple[str, str]]:
    yield from list(holder.policies.items())
    for arn, policy in list(holder.managed_policies.items()):
        text = _default_text(policy)
        if text is not None:
            yield arn, text


def _managed(backend: Any, arn: str) -> str | None:
    policy = backend.managed_policies.get(arn)
    return None if policy is None else _default_text(policy)


def _default_text(policy: Any) -> str | None:
    return next((one.document for one in policy.versions if one.version_id == policy.default_version_id), None)


def _tags(backend: Any, holder: Any, kind: str) -> list[Any]:
    if kind == "role":
        tags = holder.tags or []
        return list(tags.values() if isinstance(tags, dict) else tags)  # a list, a mapping in older ones
    return list(backend.tagger.list_tags_for_resource(holder.arn)["Tags"])


def _identity(about: str) -> dict[str, Any] | None:
    """Of a role who may become it. Of what is named without its path: its ARN with that."""
    from moto.iam.models import iam_backends

    arn = _read(about)
    parts = arn.split(":", 5)
    kind, _, name = parts[5].partition("/")
    if parts[4] not in iam_backends or kind not in _IDENTITIES:
        return None
    found = _IDENTITIES[kind](iam_backends[parts[4]][parts[1]], name.rpartition("/")[2])
    if found is None or (found.arn != arn and "/" in name):
        return None
    return _told(
        parts[4], found.arn, found.assume_role_policy_document if found.arn == arn and kind == "role" else None
    )


def _group(backend: Any, name: str) -> Any:
    return backend.groups.get(name)


_IDENTITIES: Mapping[str, Callable[[Any, str], Any]] = {"group": _group, "role": _role, "user": _user}


def _bucket(about: str) -> dict[str, Any] | None:
    from moto.s3.models import s3_backends

    arn = _read(about)
    name = arn.split(":", 5)[5]
    partition, account = s3_backends.bucket_accounts.get(name, ("", ""))
    bucket = s3_backends[account][partition].buckets.get(name) if account else None
    if bucket is None:
        return None
    return _told(account, arn, bucket.policy.decode() if bucket.policy else None)


def _topic(about: str) -> dict[str, Any] | None:
    from moto.sns.models import sns_backends

    arn = _read(about)
    region, account = arn.split(":")[3:5]
    topic = sns_backends[account][region].topics.get(arn) if account in sns_backends else None
    return None if topic is None else _told(account, arn, topic.policy)


def _secret(about: str) -> dict[str, Any] | None:
    """By its whole ARN, or by one that ends with its name."""
    from moto.secretsmanager.models import secretsmanager_backends

    arn = _read(about)
    region, account = arn.split(":")[3:5]
    if account not in secretsmanager_backends:
        return None
    secrets = secretsmanager_backends[account][region].secrets
    name = arn.split(":", 6)[6]
    secret = next((one for one in list(secrets.values()) if arn == one.arn or one.name == name), None)
    return None if secret is None else _told(account, secret.arn, getattr(secret, "policy", None))


def _repository(about: str) -> dict[str, Any] | None:
    from moto.ecr.models import ecr_backends

    arn = _read(about)
    region, account = arn.split(":")[3:5]
    if account not in ecr_backends:
        return None
    repository = ecr_backends[account][region].repositories.get(arn.partition(":repository/")[2])
    return None if repository is None else _told(account, arn, repository.policy)


def _table(about: str) -> dict[str, Any] | None:
    from moto.dynamodb.models import dynamodb_backends

    arn = _read(about)
    region, account = arn.split(":")[3:5]
    if account not in dynamodb_backends:
        return None
    backend = dynamodb_backends[account][region]
    policy, table = backend.resource_policies.get(arn), backend.tables.get(arn.rpartition("/")[2])
    told = _told(account, arn, None if policy is None else policy.policy_doc)
    return told if table is None else {**told, "keys": _partition_keys(table)}


def _partition_keys(table: Any) -> dict[str, str]:
    """Of the table, which has no name there, and of its indexes."""
    found = {"": str(table.hash_key_attr)}
    for index in (*table.indexes, *table.global_indexes):
        found[index.name] = next((one["AttributeName"] for one in index.schema if one["KeyType"] == "HASH"), "")
    return found


def _told(owner: str, arn: str, policy: str | None) -> dict[str, Any]:
    return {"owner": owner, "arn": arn, "policy": policy}


def _read(about: str) -> str:
    try:
        return urlsafe_b64decode(about + "=" * (-len(about) % 4)).decode()
    except ValueError:
        return ""


def _careful(find: Find) -> Find:
    """Names are as callers wrote them: of what has no account or region there is nothing."""

    def found(about: str) -> dict[str, Any] | None:
        try:
            return find(about)
        except (LookupError, ValueError):
            return None

    return found


_FINDERS: Mapping[str, Find] = {
    "dynamodb": _table,
    "ecr": _repository,
    "iam": _identity,
    "s3": _bucket,
    "secretsmanager": _secret,
    "sns": _topic,
}
OF_RESOURCES: Mapping[str, Find] = {service: _careful(find) for service, find in _FINDERS.items()}
"""By service, each asked about an ARN: owner, the whole ARN and the policy, which is null where it has none.

Null: there is no such bucket, topic, secret, table or repository.
"""
