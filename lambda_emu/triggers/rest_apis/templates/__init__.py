"""rest_apis/templates: the Velocity Template Language, as API Gateway's mapping templates have it. No I/O, no clock."""
