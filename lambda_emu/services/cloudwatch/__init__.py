"""CloudWatch's metrics: put, listed and read from our own file, with math; its other operations are the child's."""
