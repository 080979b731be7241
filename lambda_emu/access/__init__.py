"""Who may ask for what: what a request asks for, whose policies have a say in it, and what its caller is told.

Policies are read and weighed in `model/iam/`; who signed is found in `signatures/`.
"""
