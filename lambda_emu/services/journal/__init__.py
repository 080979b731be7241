"""journal: what a service answers is kept before it is told. In mapped memory at once, in SQLite together."""
