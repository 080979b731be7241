"""The Lambda API on the wire: botocore's model read, requests parsed and checked by it, results rendered."""
