"""Sandboxes as Docker containers. The only place that speaks to an engine."""
