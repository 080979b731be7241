"""CloudWatch Logs over the server's own log: groups, streams, events, filters, queries. docs/services.md#logs."""
