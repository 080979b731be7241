"""Every operation that is served, by its name. Each answers once, now or after the commit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from lambda_emu.services.sqs.operations import control, dead_letters, receiving, sending
from lambda_emu.services.sqs.queues import Queues
from lambda_emu.services.sqs.request import QueueRequest

Operation = Callable[[QueueRequest, Queues], None]

OPERATIONS: Mapping[str, Operation] = MappingProxyType(
    {
        "AddPermission": control.add_permission,
        "CancelMessageMoveTask": dead_letters.cancel_message_move_task,
        "ChangeMessageVisibility": receiving.change_message_visibility,
        "ChangeMessageVisibilityBatch": receiving.change_message_visibility_batch,
        "CreateQueue": control.create_queue,
        "DeleteMessage": receiving.delete_message,
        "DeleteMessageBatch": receiving.delete_message_batch,
        "DeleteQueue": control.delete_queue,
        "GetQueueAttributes": control.get_queue_attributes,
        "GetQueueUrl": control.get_queue_url,
        "ListDeadLetterSourceQueues": control.list_dead_letter_source_queues,
        "ListMessageMoveTasks": dead_letters.list_message_move_tasks,
        "ListQueueTags": control.list_queue_tags,
        "ListQueues": control.list_queues,
        "PurgeQueue": control.purge_queue,
        "ReceiveMessage": receiving.receive_message,
        "RemovePermission": control.remove_permission,
        "SendMessage": sending.send_message,
        "SendMessageBatch": sending.send_message_batch,
        "SetQueueAttributes": control.set_queue_attributes,
        "StartMessageMoveTask": dead_letters.start_message_move_task,
        "TagQueue": control.tag_queue,
        "UntagQueue": control.untag_queue,
    }
)
