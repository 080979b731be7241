"""Logs Insights: queries over log groups. Rules without I/O, but for `queries`. docs/services.md#queries."""
