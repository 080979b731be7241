"""firehose: records wait on disk until there are enough of them or they are old enough, and go to S3 as one object."""
