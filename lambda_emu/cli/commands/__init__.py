"""commands: one file a command; what several of them look things up with, and print by, stands above."""
