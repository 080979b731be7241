"""registry: the images of ECR's repositories, by Docker's registry API on the same port.

Blobs are kept here; which images there are knows whoever serves ECR. docs/services.md#images.
"""
