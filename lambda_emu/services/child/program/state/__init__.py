"""What moto knows outlives the process: requests that change something, a journal of them, snapshots in its place.

`keeping` has the order of all that; the other files know nothing of it.
"""
