"""What code asks of where it runs, and whether Lambda has that: programs, packages, handlers. Knows no engine."""
