"""The code of functions and layers on disk: archives read with suspicion, unpacked, and kept by their hash."""
