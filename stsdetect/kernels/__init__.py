"""Array kernels: NumPy in, NumPy out. Every one has an obvious slow twin in ``tests/naive.py``."""
