"""What a project's functions live among: queues, buckets, tables and topics, and how events come from them.

It is made by the operations of the services, whoever serves them, once the server answers.
"""
