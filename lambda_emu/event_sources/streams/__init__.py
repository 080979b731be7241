"""Streams of DynamoDB: shards, positions, retries, windows."""
