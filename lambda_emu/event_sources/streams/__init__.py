"""Streams of DynamoDB and of Kinesis: shards, positions, retries, windows."""
