"""project: reads a project's files into functions. No engine, no sockets."""
