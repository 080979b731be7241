"""Sorts parcels by their address; those that have none come back, and at last to the queue of the undeliverable."""

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response

processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)


def sort(record):
    parcel = record.json_body
    try:
        print(f"sorted {parcel['id']} to {parcel['address']}")
    except KeyError as missing:
        print(f"not sorted: no {missing}")
        raise


def handler(event, context):
    return process_partial_response(event=event, record_handler=sort, processor=processor, context=context)
