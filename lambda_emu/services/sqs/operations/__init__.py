"""operations: what is done by request, a file a family."""
