"""Kernels as loops that numba compiles. Each gives, bit for bit, what its NumPy twin gives; see `..choice`.

Modules here import numba and are reached through `stsdetect.kernels.choice.compiled` only. What one takes from another
(`berths`, `scan_machine`) becomes part of its own compiled code, which numba keeps until the file itself changes: who
edits there must remove ``__pycache__``.
"""
