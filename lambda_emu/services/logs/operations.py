"""Every operation that is answered at once, by its name. StartLiveTail is a stream, and served by `live_tail`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from lambda_emu.services.logs import (
    event_operations,
    filter_operations,
    group_operations,
    policy_operations,
    query_operations,
)
from lambda_emu.services.logs.groups import Groups
from lambda_emu.services.logs.request import LogsRequest, Result

Operation = Callable[[LogsRequest, Groups], Result]

OPERATIONS: Mapping[str, Operation] = MappingProxyType(
    {
        "AssociateKmsKey": policy_operations.associate_kms_key,
        "CreateLogGroup": group_operations.create_log_group,
        "CreateLogStream": group_operations.create_log_stream,
        "DeleteLogGroup": group_operations.delete_log_group,
        "DeleteLogStream": group_operations.delete_log_stream,
        "DeleteMetricFilter": filter_operations.delete_metric_filter,
        "DeleteResourcePolicy": policy_operations.delete_resource_policy,
        "DeleteRetentionPolicy": group_operations.delete_retention_policy,
        "DeleteSubscriptionFilter": filter_operations.delete_subscription_filter,
        "DescribeLogGroups": group_operations.describe_log_groups,
        "DescribeLogStreams": group_operations.describe_log_streams,
        "DescribeMetricFilters": filter_operations.describe_metric_filters,
        "DescribeResourcePolicies": policy_operations.describe_resource_policies,
        "DescribeSubscriptionFilters": filter_operations.describe_subscription_filters,
        "DescribeQueries": query_operations.describe_queries,
        "DisassociateKmsKey": policy_operations.disassociate_kms_key,
        "FilterLogEvents": event_operations.filter_log_events,
        "GetLogEvents": event_operations.get_log_events,
        "GetLogGroupFields": query_operations.get_log_group_fields,
        "GetLogRecord": query_operations.get_log_record,
        "GetQueryResults": query_operations.get_query_results,
        "ListLogGroups": group_operations.list_log_groups,
        "ListTagsForResource": group_operations.list_tags_for_resource,
        "ListTagsLogGroup": group_operations.list_tags_log_group,
        "PutLogEvents": event_operations.put_log_events,
        "PutLogGroupDeletionProtection": group_operations.put_log_group_deletion_protection,
        "PutMetricFilter": filter_operations.put_metric_filter,
        "PutResourcePolicy": policy_operations.put_resource_policy,
        "PutRetentionPolicy": group_operations.put_retention_policy,
        "PutSubscriptionFilter": filter_operations.put_subscription_filter,
        "StartQuery": query_operations.start_query,
        "StopQuery": query_operations.stop_query,
        "TagLogGroup": group_operations.tag_log_group,
        "TagResource": group_operations.tag_resource,
        "TestMetricFilter": filter_operations.test_metric_filter,
        "UntagLogGroup": group_operations.untag_log_group,
        "UntagResource": group_operations.untag_resource,
    }
)
