"""Bytes at addresses, one, eight or 64 at a time: what numba has no words for. No index is checked here.

Compiled loops that use these are kept by numba for the file they stand in: touch that one after a change here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

from stsdetect.kernels.compiled.jit import F

_BYTE, _WORD = ir.IntType(8), ir.IntType(64)
_MANY, _PLACES, _FIRST = ir.VectorType(_BYTE, 64), ir.VectorType(ir.IntType(32), 64), ir.Constant(ir.IntType(32), 0)


def part(function: F) -> F:
    """Make a function part of each loop that calls it: a call for each field would cost more than the field."""
    return cast(F, njit(forceinline=True, error_model="numpy")(function))


def machine(function: Callable[..., Any]) -> Callable[..., Any]:
    """Make a function of what builds machine code for its call."""
    return cast(Callable[..., Any], intrinsic(function))


def _pointer(builder: Any, at: Any, kind: Any) -> Any:
    return builder.inttoptr(at, kind.as_pointer())


@machine
def byte_at(typing: Any, at: Any) -> Any:
    """Return the byte at an address as int64."""

    def load(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.zext(builder.load(_pointer(builder, args[0], _BYTE)), _WORD)

    return types.int64(types.int64), load


@machine
def word_at(typing: Any, at: Any) -> Any:
    """Return the eight bytes at an address as int64, the first lowest."""

    def load(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.load(_pointer(builder, args[0], _WORD), align=1)

    return types.int64(types.int64), load


@machine
def equal_64(typing: Any, at: Any, byte: Any) -> Any:
    """Return which of the 64 bytes at an address are a certain one, bit by bit."""

    def compare(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        many = builder.load(_pointer(builder, args[0], _MANY), align=1)
        one = builder.insert_element(ir.Constant(_MANY, ir.Undefined), builder.trunc(args[1], _BYTE), _FIRST)
        every = builder.shuffle_vector(one, ir.Constant(_MANY, ir.Undefined), ir.Constant(_PLACES, [0] * 64))
        return builder.bitcast(builder.icmp_unsigned("==", many, every), _WORD)

    return types.int64(types.int64, types.int64), compare


@machine
def differ_64(typing: Any, a: Any, b: Any) -> Any:
    """Return which of the 64 bytes at two addresses differ, bit by bit."""

    def compare(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        one, other = (builder.load(_pointer(builder, at, _MANY), align=1) for at in args)
        return builder.bitcast(builder.icmp_unsigned("!=", one, other), _WORD)

    return types.int64(types.int64, types.int64), compare


@machine
def fetch(typing: Any, at: Any) -> Any:
    """Ask for what stands at an address to be brought near; it is not read."""

    def ask(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        place, flag = _pointer(builder, args[0], _BYTE), ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [place.type, flag, flag, flag])
        function = builder.module.declare_intrinsic("llvm.prefetch", [place.type], kind)
        builder.call(function, [place, ir.Constant(flag, 0), ir.Constant(flag, 3), ir.Constant(flag, 1)])
        return context.get_dummy_value()

    return types.void(types.int64), ask


@machine
def lowest(typing: Any, bits: Any) -> Any:
    """Return the place of the lowest bit; 64 where there is none."""

    def count(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.cttz(args[0], ir.Constant(ir.IntType(1), 0))

    return types.int64(types.int64), count


@machine
def ones(typing: Any, bits: Any) -> Any:
    """Return how many bits are set."""

    def count(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.ctpop(args[0])

    return types.int64(types.int64), count
