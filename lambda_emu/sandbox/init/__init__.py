"""Speaking to the init inside a sandbox: its connection, the frames on it, and who is at the other end."""
