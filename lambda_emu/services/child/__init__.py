"""moto in one child process, started when first asked: who owns the process, and how requests go to it and back.

Here is the server's side, on its loop. What runs in the child is `program`, of which this side needs no more than how
it is started.
"""
