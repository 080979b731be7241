"""builds: makes whole what lies without what it needs: packages installed, sources compiled. No template, no API.

What was built is kept by content in the cache, so that the same code is built once.
"""
