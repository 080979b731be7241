"""gateway: what holds for every request before a service sees it: whose it is, who may ask, how much, on which thread.

It is handed its services and knows none of them.
"""
