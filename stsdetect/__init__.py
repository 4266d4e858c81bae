"""stsdetect: loitering, ship-to-ship encounters and reporting gaps from AIS, and pairs ranked with reasons."""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from stsdetect.context import annotate as annotate
    from stsdetect.detect import DarkRendezvous as DarkRendezvous
    from stsdetect.detect import Encounters as Encounters
    from stsdetect.detect import Gaps as Gaps
    from stsdetect.detect import Loitering as Loitering
    from stsdetect.detect import PortCalls as PortCalls
    from stsdetect.errors import InputError as InputError
    from stsdetect.errors import SchemaError as SchemaError
    from stsdetect.errors import SettingsError as SettingsError
    from stsdetect.errors import StsError as StsError
    from stsdetect.errors import TooManyRejectsError as TooManyRejectsError
    from stsdetect.errors import UsageError as UsageError
    from stsdetect.pipeline import Result as Result
    from stsdetect.pipeline import detect as detect
    from stsdetect.pipeline import inspect as inspect
    from stsdetect.pipeline.fitted import fit as fit
    from stsdetect.pipeline.fitted import label as label
    from stsdetect.pipeline.rescored import score as score
    from stsdetect.readers import read as read
    from stsdetect.score import rank_pairs as rank_pairs
    from stsdetect.score.chain_graph import to_networkx as to_networkx
    from stsdetect.score.chains import chains as chains
    from stsdetect.score.features import features as features
    from stsdetect.score.ledger import ledger as ledger
    from stsdetect.score.model import Model as Model
    from stsdetect.score.scorer import Scorer as Scorer
    from stsdetect.score.watchlists import WatchListFile as WatchListFile
    from stsdetect.score.watchlists import read_watch_lists as read_watch_lists
    from stsdetect.settings import Settings as Settings
    from stsdetect.settings import load_settings as load_settings
    from stsdetect.simulate import simulate as simulate
    from stsdetect.tracks import build_tracks as build_tracks

_PUBLIC = {
    "DarkRendezvous": "stsdetect.detect",
    "Encounters": "stsdetect.detect",
    "Gaps": "stsdetect.detect",
    "InputError": "stsdetect.errors",
    "Loitering": "stsdetect.detect",
    "Model": "stsdetect.score.model",
    "PortCalls": "stsdetect.detect",
    "Result": "stsdetect.pipeline",
    "SchemaError": "stsdetect.errors",
    "Settings": "stsdetect.settings",
    "Scorer": "stsdetect.score.scorer",
    "SettingsError": "stsdetect.errors",
    "StsError": "stsdetect.errors",
    "TooManyRejectsError": "stsdetect.errors",
    "UsageError": "stsdetect.errors",
    "WatchListFile": "stsdetect.score.watchlists",
    "annotate": "stsdetect.context",
    "build_tracks": "stsdetect.tracks",
    "chains": "stsdetect.score.chains",
    "detect": "stsdetect.pipeline",
    "features": "stsdetect.score.features",
    "fit": "stsdetect.pipeline.fitted",
    "inspect": "stsdetect.pipeline",
    "label": "stsdetect.pipeline.fitted",
    "ledger": "stsdetect.score.ledger",
    "load_settings": "stsdetect.settings",
    "rank_pairs": "stsdetect.score",
    "read": "stsdetect.readers",
    "read_watch_lists": "stsdetect.score.watchlists",
    "score": "stsdetect.pipeline.rescored",
    "simulate": "stsdetect.simulate",
    "to_networkx": "stsdetect.score.chain_graph",
}

__all__ = ["__version__", *sorted(_PUBLIC)]


def __getattr__(name: str) -> Any:
    if name in _PUBLIC:
        value = getattr(import_module(_PUBLIC[name]), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'stsdetect' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


class _Package(ModuleType):
    """Keeps the functions `detect` and `simulate` from being hidden by the rooms of the same name.

    Importing a submodule sets it as an attribute of its package. Here the public name wins; the room is still
    reached with ``from stsdetect.detect import ...``.
    """

    def __setattr__(self, name: str, value: Any) -> None:
        if not (name in _PUBLIC and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
