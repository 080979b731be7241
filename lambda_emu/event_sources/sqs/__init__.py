"""event_sources.sqs: queues as sources, whoever serves them."""
