"""stsdetect: loitering, ship-to-ship encounters and reporting gaps from AIS, and pairs ranked with reasons."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from stsdetect.settings import Settings as Settings
    from stsdetect.settings import load_settings as load_settings

_PUBLIC = {
    "Settings": "stsdetect.settings",
    "load_settings": "stsdetect.settings",
}

__all__ = ["__version__", *sorted(_PUBLIC)]


def __getattr__(name: str) -> Any:
    if name in _PUBLIC:
        return getattr(import_module(_PUBLIC[name]), name)
    raise AttributeError(f"module 'stsdetect' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
