"""sqs: queues on SQLite. What it acknowledged is on disk; the loop alone knows what is visible, and nothing polls."""
