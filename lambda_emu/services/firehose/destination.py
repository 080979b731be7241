"""The destination of a delivery stream, S3 or an endpoint with S3 beside it: how it is given, kept and shown."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import tzinfo
from typing import Any

from msgspec import Struct

from lambda_emu.model.schedules.zones import UnknownZone, find_zone
from lambda_emu.services.firehose import endpoint, processing
from lambda_emu.services.firehose.endpoint import Endpoint
from lambda_emu.services.firehose.errors import (
    BackupStays,
    DeliveryDestinationInvalid,
    NothingToUpdate,
    NotOneDestination,
    NotServed,
    PrefixesInvalid,
    TypeStays,
)
from lambda_emu.services.firehose.naming import ERROR_TYPE, FIREHOSE, FROM_LAMBDA, MOST_CHARACTERS, BadPrefix, Prefix
from lambda_emu.services.firehose.processing import MEGABYTE, Processing
from lambda_emu.services.shapes import Members

Description = Mapping[str, Any]
"""As AWS shows it, ExtendedS3DestinationDescription; with an HttpEndpoint beside it, for which that is the S3."""

HTTP = "HttpEndpoint"
ID = "destinationId-000000000001"
"""There is one, and it has this id."""
EXTENSIONS = {"UNCOMPRESSED": "", "GZIP": ".gz", "ZIP": ".zip"}
LEAST_BACKUP_S = 60
PARTITIONED_MB = 64
"""So large buffers have to be where objects are partitioned."""
_DEFAULTS: Description = {
    "BufferingHints": {"SizeInMBs": 5, "IntervalInSeconds": 300},
    "CompressionFormat": "UNCOMPRESSED",
    "EncryptionConfiguration": {"NoEncryptionConfig": "NoEncryption"},
    "CloudWatchLoggingOptions": {"Enabled": False},
}
_MERGED = ("BufferingHints", "CloudWatchLoggingOptions")
"""What is not said of these stays as it was; all else is replaced."""
_OF_PLAIN_S3 = (
    *("RoleARN", "BucketARN", "Prefix", "ErrorOutputPrefix", "BufferingHints", "CompressionFormat"),
    *("EncryptionConfiguration", "CloudWatchLoggingOptions"),
)
_OTHERS = (
    *("Redshift", "Elasticsearch", "Amazonopensearchservice", "AmazonOpenSearchServerless", "Splunk"),
    *("Snowflake", "Iceberg"),
)


class Bucket(Struct, frozen=True):
    """Where objects go, as which role, and how.

    size, interval_s: what they are made of when there is so much, or it is so old.
    key_id: of KMS, by which S3 is to encrypt them.
    """

    name: str
    role: str
    prefix: Prefix
    error_prefix: Prefix
    size: int
    interval_s: float
    compression: str
    extension: str
    zone: tzinfo
    key_id: str | None


class Plan(Struct, frozen=True):
    """What a description says is to be done. backup: where records go as they came, too.

    endpoint: that to which records are posted; then the bucket has those that it did not take.
    """

    bucket: Bucket
    backup: Bucket | None
    processing: Processing
    partition_keys: tuple[str, ...]
    endpoint: Endpoint | None


def created(members: Members) -> Description:
    """Of CreateDeliveryStream. FirehoseError."""
    kind, given = _given(members, "Configuration")
    if kind is None:
        raise NotOneDestination
    if kind == HTTP:
        s3 = _merge(_DEFAULTS, given["S3Configuration"])
        return _checked({**s3, "S3BackupMode": "Disabled", HTTP: endpoint.written(None, given, s3["RoleARN"])})
    backup = given.get("S3BackupConfiguration")
    return _checked({**_merge(_DEFAULTS, given), **_backup(None, given.get("S3BackupMode", "Disabled"), backup)})


def updated(before: Description, members: Members) -> Description:
    """Of UpdateDestination. FirehoseError."""
    kind, given = _given(members, "Update")
    if kind is None:
        raise NothingToUpdate
    if (kind == HTTP) != (HTTP in before):
        raise TypeStays(HTTP)
    if kind == HTTP:
        s3 = _merge(before, given.get("S3Update", {}))
        return _checked({**s3, HTTP: endpoint.written(before[HTTP], given, s3["RoleARN"])})
    mode = given.get("S3BackupMode", before["S3BackupMode"])
    if mode == "Disabled" and before["S3BackupMode"] == "Enabled":
        raise BackupStays
    return _checked({**_merge(before, given), **_backup(before, mode, given.get("S3BackupUpdate"))})


def shown(description: Description) -> dict[str, Any]:
    """Of DescribeDeliveryStream: as both kinds of S3, if it is that."""
    plain = {name: description[name] for name in _OF_PLAIN_S3 if name in description}
    if HTTP in description:
        told = {**endpoint.shown(description[HTTP]), "S3DestinationDescription": plain}
        return {"DestinationId": ID, "HttpEndpointDestinationDescription": told}
    return {"DestinationId": ID, "S3DestinationDescription": plain, "ExtendedS3DestinationDescription": description}


def plan_of(description: Description) -> Plan:
    """description: one that was checked."""
    bucket = _bucket(description)
    if HTTP in description:
        kept = description[HTTP]
        backup = bucket if kept["S3BackupMode"] == "AllData" else None
        done = processing.read(kept.get("ProcessingConfiguration"))
        return Plan(bucket, backup, done, (), endpoint.read(kept))
    is_backed_up = description["S3BackupMode"] == "Enabled"
    is_partitioned = description.get("DynamicPartitioningConfiguration", {}).get("Enabled", False)
    return Plan(
        bucket,
        _bucket(description["S3BackupDescription"]) if is_backed_up else None,
        processing.read(description.get("ProcessingConfiguration")),
        tuple(dict.fromkeys(bucket.prefix.keys())) if is_partitioned else (),
        None,
    )


# -- inside -------------------------------------------------------------------------------------------


def _given(members: Members, ending: str) -> tuple[str | None, Mapping[str, Any]]:
    """The one that is there. FirehoseError."""
    for name in _OTHERS:
        if f"{name}Destination{ending}" in members:
            raise NotServed(f"{name} destinations", f"ExtendedS3, S3 and {HTTP} are")
    found = [name for name in ("S3", "ExtendedS3", HTTP) if f"{name}Destination{ending}" in members]
    if len(found) > 1:
        raise NotOneDestination
    return (found[0], members[f"{found[0]}Destination{ending}"]) if found else (None, {})


def _merge(before: Description, given: Mapping[str, Any]) -> dict[str, Any]:
    """Without the backup."""
    new = {name: value for name, value in given.items() if not name.startswith("S3Backup")}
    for name in _MERGED:
        if name in new:
            new[name] = {**before[name], **new[name]}
    found = {**before, **new}
    if "ProcessingConfiguration" in new:
        enabled = before.get("ProcessingConfiguration", {}).get("Enabled", False)
        given_processing = {"Enabled": enabled, **new["ProcessingConfiguration"]}
        found["ProcessingConfiguration"] = processing.written(given_processing, found["RoleARN"])
    return found


def _backup(before: Description | None, mode: str, given: Mapping[str, Any] | None) -> dict[str, Any]:
    """FirehoseError."""
    kept = None if before is None else before.get("S3BackupDescription")
    if given is not None:
        kept = _merge(kept or _DEFAULTS, given)
    if mode == "Enabled" and kept is None:
        raise DeliveryDestinationInvalid("S3BackupConfiguration is required where S3BackupMode is Enabled.")
    if kept is not None:
        _check_bucket(kept)
        if kept["BufferingHints"]["IntervalInSeconds"] < LEAST_BACKUP_S:
            raise DeliveryDestinationInvalid(f"IntervalInSeconds of a backup must be at least {LEAST_BACKUP_S}.")
    return {"S3BackupMode": mode} | ({} if kept is None else {"S3BackupDescription": kept})


def _checked(description: Description) -> Description:
    _check_bucket(description)
    if description.get("DataFormatConversionConfiguration", {}).get("Enabled", True) and (
        "DataFormatConversionConfiguration" in description
    ):
        raise NotServed(
            "DataFormatConversionConfiguration", "records are delivered as they are, or as a function has them"
        )
    _check_partitions(description)
    return description


def _check_bucket(description: Description) -> None:
    """FirehoseError."""
    compression = description["CompressionFormat"]
    if compression not in EXTENSIONS:
        raise NotServed(f"{compression} compression", f"{', '.join(EXTENSIONS)} are")
    prefix, errors = _prefix(description, "Prefix"), _prefix(description, "ErrorOutputPrefix")
    if prefix.has(FIREHOSE, ERROR_TYPE):
        raise PrefixesInvalid(f"Prefix cannot contain !{{{FIREHOSE}:{ERROR_TYPE}}}")
    if prefix.has_expressions and not errors.parts:
        raise PrefixesInvalid("ErrorOutputPrefix cannot be null or empty when Prefix contains expressions")
    if errors.has_expressions and not errors.has(FIREHOSE, ERROR_TYPE):
        raise PrefixesInvalid(f"ErrorOutputPrefix must contain at least one instance of !{{{FIREHOSE}:{ERROR_TYPE}}}")
    if errors.has(FROM_LAMBDA):
        raise PrefixesInvalid("ErrorOutputPrefix cannot contain keys of partitions")
    if any(one.has_expressions and one.longest() > MOST_CHARACTERS for one in (prefix, errors)):
        raise PrefixesInvalid(f"a prefix cannot have more than {MOST_CHARACTERS} characters once it is evaluated")
    try:
        find_zone(description.get("CustomTimeZone") or "UTC")
    except UnknownZone as error:
        raise DeliveryDestinationInvalid(f"CustomTimeZone {error} is not a supported time zone.") from None


def _check_partitions(description: Description) -> None:
    """FirehoseError."""
    enabled = description.get("DynamicPartitioningConfiguration", {}).get("Enabled", False)
    prefix = _prefix(description, "Prefix")
    if not enabled:
        if prefix.has(FROM_LAMBDA):
            raise PrefixesInvalid("Prefix cannot contain keys of partitions where dynamic partitioning is not enabled")
        return
    if not prefix.has(FROM_LAMBDA):
        raise PrefixesInvalid("Prefix must contain keys of partitions where dynamic partitioning is enabled")
    if processing.read(description.get("ProcessingConfiguration")).transform is None:
        raise DeliveryDestinationInvalid("Keys of partitions from Lambda need a Lambda processor.")
    if description["BufferingHints"]["SizeInMBs"] < PARTITIONED_MB:
        raise DeliveryDestinationInvalid(
            f"SizeInMBs must be at least {PARTITIONED_MB} where dynamic partitioning is enabled."
        )


def _prefix(description: Description, name: str) -> Prefix:
    """FirehoseError."""
    try:
        return Prefix.read(description.get(name, ""))
    except BadPrefix as error:
        raise PrefixesInvalid(f"{name}: {error}") from None


def _bucket(description: Description) -> Bucket:
    hints, key = description["BufferingHints"], description["EncryptionConfiguration"].get("KMSEncryptionConfig", {})
    prefix, compression = _prefix(description, "Prefix"), description["CompressionFormat"]
    errors = _prefix(description, "ErrorOutputPrefix")
    return Bucket(
        description["BucketARN"].rpartition(":")[2],
        description["RoleARN"],
        prefix,
        errors if errors.parts else prefix,
        hints["SizeInMBs"] * MEGABYTE,
        float(hints["IntervalInSeconds"]),
        compression,
        description.get("FileExtension") or EXTENSIONS[compression],
        find_zone(description.get("CustomTimeZone") or "UTC"),
        key.get("AWSKMSKeyARN"),
    )
