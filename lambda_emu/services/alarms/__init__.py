"""CloudWatch's alarms: what they are, when they go off, what is told of it. docs/services.md#alarms."""
