"""Every operation that is served, by its name, with what it is asked. Each answers once, now or after the commit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from lambda_emu.services.kinesis import consumers, control, members, putting, reading, sharding, subscribing, tags
from lambda_emu.services.kinesis.members import Members
from lambda_emu.services.kinesis.request import KinesisRequest
from lambda_emu.services.kinesis.streams import Streams

Operation = Callable[[KinesisRequest, Streams], None]

OPERATIONS: Mapping[str, tuple[type[Members], Operation]] = MappingProxyType(
    {
        "AddTagsToStream": (members.AddTags, tags.add_tags),
        "CreateStream": (members.CreateStream, control.create_stream),
        "DecreaseStreamRetentionPeriod": (members.RetentionPeriod, control.decrease_retention),
        "DeleteResourcePolicy": (members.OfResource, tags.delete_policy),
        "DeleteStream": (members.DeleteStream, control.delete_stream),
        "DeregisterStreamConsumer": (members.OfConsumer, consumers.deregister_consumer),
        "DescribeAccountSettings": (members.Nothing, control.describe_account),
        "DescribeLimits": (members.Nothing, control.describe_limits),
        "DescribeStream": (members.DescribeStream, control.describe_stream),
        "DescribeStreamConsumer": (members.OfConsumer, consumers.describe_consumer),
        "DescribeStreamSummary": (members.OfStream, control.describe_stream_summary),
        "DisableEnhancedMonitoring": (members.Monitoring, control.disable_monitoring),
        "EnableEnhancedMonitoring": (members.Monitoring, control.enable_monitoring),
        "GetRecords": (members.GetRecords, reading.get_records),
        "GetResourcePolicy": (members.OfResource, tags.get_policy),
        "GetShardIterator": (members.GetShardIterator, reading.get_shard_iterator),
        "IncreaseStreamRetentionPeriod": (members.RetentionPeriod, control.increase_retention),
        "ListShards": (members.ListShards, sharding.list_shards),
        "ListStreamConsumers": (members.ListConsumers, consumers.list_consumers),
        "ListStreams": (members.ListStreams, control.list_streams),
        "ListTagsForResource": (members.OfResource, tags.list_resource_tags),
        "ListTagsForStream": (members.ListTags, tags.list_tags),
        "MergeShards": (members.MergeShards, sharding.merge_shards),
        "PutRecord": (members.PutRecord, putting.put_record),
        "PutRecords": (members.PutRecords, putting.put_records),
        "PutResourcePolicy": (members.PutPolicy, tags.put_policy),
        "RegisterStreamConsumer": (members.RegisterConsumer, consumers.register_consumer),
        "RemoveTagsFromStream": (members.RemoveTags, tags.remove_tags),
        "SplitShard": (members.SplitShard, sharding.split_shard),
        "StartStreamEncryption": (members.Encryption, control.start_encryption),
        "StopStreamEncryption": (members.Encryption, control.stop_encryption),
        "SubscribeToShard": (members.SubscribeToShard, subscribing.subscribe_to_shard),
        "TagResource": (members.TagResource, tags.tag_resource),
        "UntagResource": (members.UntagResource, tags.untag_resource),
        "UpdateMaxRecordSize": (members.UpdateMaxRecordSize, control.update_most_size),
        "UpdateShardCount": (members.UpdateShardCount, sharding.update_shard_count),
        "UpdateStreamMode": (members.UpdateStreamMode, control.update_mode),
        "UpdateStreamRecordDistributionStrategy": (members.UpdateDistribution, control.update_distribution),
        "UpdateStreamWarmThroughput": (members.UpdateWarmThroughput, control.update_warm_throughput),
    }
)
