"""event_sources: events that are pulled. A poller fetches and settles; who drives it owns time. On the loop."""
