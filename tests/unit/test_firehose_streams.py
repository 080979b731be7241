"""Delivery streams: made, shown, listed, changed, deleted; what is refused. docs/services.md#firehose."""

from __future__ import annotations

from typing import Any

import pytest
from api_rig import refused, shown
from firehose_rig import BUCKET, FUNCTION, NOW_S, ROLE, Firehose, firehose, transform
from ground_rig import ACCOUNT, REGION

__all__ = ["firehose"]


def test_a_delivery_stream_is_shown_with_awss_defaults(firehose: Firehose) -> None:
    arn = firehose.create("s")

    description = firehose.describe("s")

    assert arn == f"arn:aws:firehose:{REGION}:{ACCOUNT}:deliverystream/s"
    assert description.pop("CreateTimestamp").timestamp() == pytest.approx(NOW_S, abs=1)
    [destination] = description.pop("Destinations")
    assert description == {
        "DeliveryStreamName": "s",
        "DeliveryStreamARN": arn,
        "DeliveryStreamStatus": "ACTIVE",
        "DeliveryStreamEncryptionConfiguration": {"Status": "DISABLED"},
        "DeliveryStreamType": "DirectPut",
        "VersionId": "1",
        "HasMoreDestinations": False,
    }
    plain = BUCKET | {
        "BufferingHints": {"SizeInMBs": 5, "IntervalInSeconds": 300},
        "CompressionFormat": "UNCOMPRESSED",
        "EncryptionConfiguration": {"NoEncryptionConfig": "NoEncryption"},
        "CloudWatchLoggingOptions": {"Enabled": False},
    }
    assert destination == {
        "DestinationId": "destinationId-000000000001",
        "S3DestinationDescription": plain,
        "ExtendedS3DestinationDescription": plain | {"S3BackupMode": "Disabled"},
    }


def test_a_lambda_processor_is_shown_with_its_defaults_in_awss_order(firehose: Firehose) -> None:
    firehose.create(ProcessingConfiguration=transform({"Type": "AppendDelimiterToRecord"}, NumberOfRetries="1"))

    processing = firehose.destination()["ProcessingConfiguration"]

    assert processing["Enabled"]
    own, delimiter = processing["Processors"]
    assert [(one["ParameterName"], one["ParameterValue"]) for one in own["Parameters"]] == [
        ("LambdaArn", FUNCTION),
        ("NumberOfRetries", "1"),
        ("RoleArn", ROLE),
        ("BufferSizeInMBs", "1"),
        ("BufferIntervalInSeconds", "60"),
    ]
    assert delimiter == {"Type": "AppendDelimiterToRecord", "Parameters": []}


def test_accounts_and_regions_have_streams_of_their_own_listed_by_name(firehose: Firehose) -> None:
    from boto_rig import client_at

    for name in ("c", "a", "b"):
        firehose.create(name)
    other = client_at(f"http://127.0.0.1:{firehose.port}", "firehose", "210987654321", REGION)

    first = firehose.client.list_delivery_streams(Limit=2)
    rest = firehose.client.list_delivery_streams(ExclusiveStartDeliveryStreamName="b")

    assert (first["DeliveryStreamNames"], first["HasMoreDeliveryStreams"]) == (["a", "b"], True)
    assert (rest["DeliveryStreamNames"], rest["HasMoreDeliveryStreams"]) == (["c"], False)
    assert other.list_delivery_streams()["DeliveryStreamNames"] == []
    assert (
        firehose.client.list_delivery_streams(DeliveryStreamType="KinesisStreamAsSource")["DeliveryStreamNames"] == []
    )


def test_an_update_changes_what_it_names_and_counts_versions(firehose: Firehose) -> None:
    firehose.create(Prefix="a/", BufferingHints={"SizeInMBs": 1, "IntervalInSeconds": 60})

    firehose.update(BufferingHints={"IntervalInSeconds": 0}, CompressionFormat="GZIP")

    assert firehose.describe()["VersionId"] == "2"
    destination = firehose.destination()
    assert destination["BufferingHints"] == {"SizeInMBs": 1, "IntervalInSeconds": 0}
    assert (destination["Prefix"], destination["CompressionFormat"]) == ("a/", "GZIP")


def test_an_update_that_changes_nothing_counts_no_version(firehose: Firehose) -> None:
    firehose.create(Prefix="a/")

    firehose.update(Prefix="a/")

    assert firehose.describe()["VersionId"] == "1"
    assert "LastUpdateTimestamp" not in firehose.describe()


def test_processing_is_replaced_whole_by_an_update(firehose: Firehose) -> None:
    firehose.create(ProcessingConfiguration=transform())

    firehose.update(ProcessingConfiguration={"Enabled": False})

    assert firehose.destination()["ProcessingConfiguration"] == {"Enabled": False, "Processors": []}


def test_an_update_of_another_version_or_destination_is_refused(firehose: Firehose) -> None:
    firehose.create()
    asked: dict[str, Any] = {"DeliveryStreamName": "s", "ExtendedS3DestinationUpdate": {"Prefix": "x/"}}
    there = {"CurrentDeliveryStreamVersionId": "1", "DestinationId": "destinationId-000000000001"}

    with refused("ConcurrentModificationException"):
        firehose.client.update_destination(**asked | there | {"CurrentDeliveryStreamVersionId": "7"})
    with refused("InvalidArgumentException", "Destination Id other not found"):
        firehose.client.update_destination(**asked | there | {"DestinationId": "other"})
    with refused("InvalidArgumentException"):
        firehose.client.update_destination(DeliveryStreamName="s", **there)


def test_a_deleted_stream_is_gone_and_its_name_can_be_used_again(firehose: Firehose) -> None:
    firehose.create()
    firehose.put("old")
    firehose.client.delete_delivery_stream(DeliveryStreamName="s")

    with refused("ResourceNotFoundException", f"Firehose s under account {ACCOUNT} not found."):
        firehose.put("late")

    firehose.create()
    firehose.put("new")
    assert firehose.after(300, 1) == [b"new"]


def test_a_name_is_given_once(firehose: Firehose) -> None:
    firehose.create()

    with refused("ResourceInUseException", f"Firehose s under accountId {ACCOUNT} already exists"):
        firehose.create()


def test_tags_are_kept_changed_and_listed_in_pages(firehose: Firehose) -> None:
    firehose.create()
    client = firehose.client
    client.tag_delivery_stream(
        DeliveryStreamName="s", Tags=[{"Key": key, "Value": key * 2} for key in "bca"] + [{"Key": "d"}]
    )
    client.untag_delivery_stream(DeliveryStreamName="s", TagKeys=["c", "none"])

    first = client.list_tags_for_delivery_stream(DeliveryStreamName="s", Limit=2)
    rest = client.list_tags_for_delivery_stream(DeliveryStreamName="s", ExclusiveStartTagKey="b")

    assert shown(first) == {
        "Tags": [{"Key": "a", "Value": "aa"}, {"Key": "b", "Value": "bb"}],
        "HasMoreTags": True,
    }
    assert shown(rest) == {"Tags": [{"Key": "d", "Value": ""}], "HasMoreTags": False}
    with refused("ValidationException"):
        client.tag_delivery_stream(DeliveryStreamName="s", Tags=[{"Key": "aws:x", "Value": ""}])


def test_encryption_is_told_as_it_was_set(firehose: Firehose) -> None:
    firehose.create()
    firehose.client.start_delivery_stream_encryption(DeliveryStreamName="s")

    told = firehose.describe()["DeliveryStreamEncryptionConfiguration"]
    put = firehose.client.put_record(DeliveryStreamName="s", Record={"Data": b"x"})
    firehose.client.stop_delivery_stream_encryption(DeliveryStreamName="s")

    assert told == {"Status": "ENABLED", "KeyType": "AWS_OWNED_CMK"}
    assert put["Encrypted"]
    assert firehose.describe()["DeliveryStreamEncryptionConfiguration"] == {"Status": "DISABLED"}


@pytest.mark.parametrize(
    ("destination", "text"),
    [
        (
            {"Prefix": "!{timestamp:yyyy}/"},
            "ErrorOutputPrefix cannot be null or empty when Prefix contains expressions",
        ),
        ({"Prefix": "!{firehose:error-output-type}/", "ErrorOutputPrefix": "e/"}, None),
        ({"ErrorOutputPrefix": "!{timestamp:yyyy}/"}, None),
        ({"Prefix": "!{timestamp:yyyy", "ErrorOutputPrefix": "e/"}, None),
        ({"Prefix": "!{other:yyyy}", "ErrorOutputPrefix": "e/"}, None),
        ({"Prefix": "!{timestamp:bbb}", "ErrorOutputPrefix": "e/"}, None),
        ({"Prefix": "!{timestamp:'yyyy}", "ErrorOutputPrefix": "e/"}, None),
        ({"Prefix": "x" * 513}, None),
        ({"Prefix": f"!{{timestamp:'{'x' * 513}'}}", "ErrorOutputPrefix": "e/"}, None),
        ({"Prefix": "!{partitionKeyFromLambda:k}/", "ErrorOutputPrefix": "e/"}, None),
    ],
)
def test_a_prefix_that_aws_refuses_is_refused(firehose: Firehose, destination: Any, text: str | None) -> None:
    begin = "Ths supplied prefix(es) do not satisfy the following constraint: "
    with refused("InvalidArgumentException", None if text is None else begin + text):
        firehose.create(**destination)


@pytest.mark.parametrize(
    "destination",
    [
        {"CompressionFormat": "Snappy"},
        {"CompressionFormat": "HADOOP_SNAPPY"},
        {"CustomTimeZone": "Nowhere/Town"},
        {"S3BackupMode": "Enabled"},
        {"S3BackupMode": "Enabled", "S3BackupConfiguration": BUCKET | {"BufferingHints": {"IntervalInSeconds": 0}}},
        {"DataFormatConversionConfiguration": {"Enabled": True}},
        {"ProcessingConfiguration": {"Enabled": True, "Processors": []}},
        {"ProcessingConfiguration": {"Enabled": True, "Processors": [{"Type": "MetadataExtraction"}]}},
        {"ProcessingConfiguration": {"Enabled": True, "Processors": [{"Type": "Lambda"}]}},
        {
            "ProcessingConfiguration": transform(
                {"Type": "Lambda", "Parameters": transform()["Processors"][0]["Parameters"]}
            )
        },
        {"ProcessingConfiguration": transform(BufferSizeInMBs="7")},
        {"ProcessingConfiguration": transform(NumberOfRetries="many")},
        {"DynamicPartitioningConfiguration": {"Enabled": True}},
    ],
)
def test_a_destination_that_cannot_be_is_refused(firehose: Firehose, destination: Any) -> None:
    with refused("InvalidArgumentException"):
        firehose.create(**destination)


@pytest.mark.parametrize("kind", ["Redshift", "Splunk"])
def test_another_destination_is_refused_with_what_is_served(firehose: Firehose, kind: str) -> None:
    others: dict[str, Any] = {
        "Redshift": {
            "RoleARN": ROLE,
            "ClusterJDBCURL": "jdbc:redshift://c.us-east-1.redshift.amazonaws.com:5439/db",
            "CopyCommand": {"DataTableName": "t"},
            "S3Configuration": BUCKET,
        },
        "Splunk": {"HECEndpoint": "https://x", "HECEndpointType": "Raw", "S3Configuration": BUCKET},
    }

    text = f"lambda-emu's Firehose does not serve {kind} destinations: ExtendedS3, S3 and HttpEndpoint are"
    with refused("InvalidArgumentException", text):
        firehose.client.create_delivery_stream(
            DeliveryStreamName="s", **{f"{kind}DestinationConfiguration": others[kind]}
        )


def test_there_is_exactly_one_destination(firehose: Firehose) -> None:
    text = "Exactly one destination configuration is supported for a Firehose"
    with refused("InvalidArgumentException", text):
        firehose.client.create_delivery_stream(DeliveryStreamName="s")
    with refused("InvalidArgumentException", text):
        firehose.client.create_delivery_stream(
            DeliveryStreamName="s", S3DestinationConfiguration=BUCKET, ExtendedS3DestinationConfiguration=BUCKET
        )


def test_a_source_is_there_where_its_type_says_so_and_nowhere_else(firehose: Firehose) -> None:
    wanted: dict[str, Any] = {"DeliveryStreamName": "s", "ExtendedS3DestinationConfiguration": BUCKET}
    source = {"KinesisStreamARN": f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/k", "RoleARN": ROLE}

    with refused("InvalidArgumentException"):
        firehose.client.create_delivery_stream(**wanted, KinesisStreamSourceConfiguration=source)
    with refused("InvalidArgumentException"):
        firehose.client.create_delivery_stream(**wanted, DeliveryStreamType="KinesisStreamAsSource")
    with refused("InvalidArgumentException"):
        firehose.client.create_delivery_stream(**wanted, DeliveryStreamType="DatabaseAsSource")


def test_backup_cannot_be_switched_off_again(firehose: Firehose) -> None:
    firehose.create()
    firehose.update(S3BackupMode="Enabled", S3BackupUpdate=BUCKET)

    with refused("InvalidArgumentException", "Disabling S3 backup is not currently supported."):
        firehose.update(S3BackupMode="Disabled")
