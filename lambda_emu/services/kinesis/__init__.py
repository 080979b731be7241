"""kinesis: streams on SQLite. What it acknowledged is kept; the loop alone knows what each shard has."""
