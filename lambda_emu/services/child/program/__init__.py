"""The child: moto's services behind one Unix socket, with its Lambda and its queues replaced by ours.

A program of its own, with threads that may block; it knows of its server only a URL and the pipe that ends it.
"""
