"""store: records in SQLite, artifacts in a content-addressed folder. What it acknowledged is on disk."""
