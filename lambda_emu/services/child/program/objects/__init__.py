"""What objects of S3 consist of: files beneath one folder, pieces of those, and how they come in. Nothing of moto.

A body is never in memory, however large it is, and never written twice.
"""
