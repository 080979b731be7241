"""What a function is, with what hangs on it: records, and the rules that each of its parts keeps."""
