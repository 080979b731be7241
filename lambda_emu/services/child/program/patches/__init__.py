"""Where moto differs from AWS, or would do what is ours: a file for each thing that is replaced in one of its services.

`seams` says when each is put in place: before or after moto's service of that name is imported.
"""
