"""Kernels as loops that numba compiles. Each gives, bit for bit, what its NumPy twin gives; see `..choice`.

Modules here import numba and are reached through `stsdetect.kernels.choice.compiled` only.
"""
