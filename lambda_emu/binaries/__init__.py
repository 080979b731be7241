"""What compiled code asks of the machine that runs it, and whether Lambda has that. Reads files; knows no engine."""
