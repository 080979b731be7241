"""Building base images from Debian packages and AWS's runtime clients. Makes files; knows no engine."""
