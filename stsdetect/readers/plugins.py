"""Readers that other packages offer: found by entry point, looked over, and kept from failing without their name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points

from stsdetect.errors import InputError, StsError, UsageError
from stsdetect.readers.protocol import Batch, Reader
from stsdetect.readers.source import Head, Source
from stsdetect.readers.told import TOLD
from stsdetect.schema import POSITIONS
from stsdetect.settings import ReadSettings

#: Where other packages offer readers of their own: an entry point of this group names an object that is a `Reader`.
PLUGINS = "stsdetect.readers"
_WORDS = ("name", "title", "doc", "time_rule", "lost")


class PluginError(UsageError):
    """An installed plug-in does not work: no file can be read rightly before it is mended or removed."""


@dataclass(frozen=True)
class Plugin:
    """A reader of another package; whatever it raises is said of it, and what it gives is checked."""

    where: str
    reader: Reader
    name: str
    title: str
    doc: str
    time_rule: str
    lost: str

    def recognise(self, head: Head, settings: ReadSettings) -> bool:
        """Ask the plug-in whether the file is of its layout."""
        try:
            return bool(self.reader.recognise(head, settings))
        except StsError:
            raise
        except Exception as problem:  # somebody else's code may fail in any way
            raise PluginError(f"{self.where} fails to recognise {head.label}: {_said(problem)}") from problem

    def read(self, source: Source, head: Head, settings: ReadSettings) -> Iterator[Batch]:
        """Read through the plug-in; every batch must account for its rows and fit `POSITIONS`."""
        try:
            for batch in self.reader.read(source, head, settings):
                yield self._checked(batch, source.label)
        except StsError:
            raise
        except Exception as problem:
            raise InputError(f"{self.where} fails to read {source.label}: {_said(problem)}") from problem

    def _checked(self, batch: Batch, label: str) -> Batch:
        if not isinstance(batch, Batch):
            raise InputError(f"{self.where} gives {type(batch).__name__} for {label}, not stsdetect.readers.Batch")
        try:
            positions = POSITIONS.conform(batch.positions)
            batch.events = None if batch.events is None else TOLD.conform(batch.events)
        except UsageError as problem:
            raise InputError(f"{self.where} gives wrong rows for {label}: {problem}") from problem
        kept = positions.num_rows + (0 if batch.events is None else batch.events.num_rows)
        rejected = len(batch.rejects)
        if batch.rows != kept + rejected:
            raise InputError(
                f"{self.where} loses rows of {label}: of {batch.rows} it keeps {kept} and rejects {rejected}"
            )
        batch.positions = positions
        return batch


def plugins(taken: set[str]) -> list[Plugin]:
    """Return the readers of installed packages, sorted by name; ``taken`` are names they may not have.

    Raises
    ------
    PluginError
        If one cannot be loaded, is no reader, or takes a name that is in use.
    """
    found: list[Plugin] = []
    for point in sorted(entry_points(group=PLUGINS), key=lambda point: (point.name, point.value)):
        plugin = _loaded(point)
        if plugin.name in taken or plugin.name in {other.name for other in found}:
            raise PluginError(
                f"{plugin.where} has the name '{plugin.name}', which another layout has; rename or remove it"
            )
        found.append(plugin)
    return found


def _loaded(point: EntryPoint) -> Plugin:
    """Load one plug-in and look whether it has what a reader must have."""
    where = f"the reader plug-in '{point.name}' ({point.value})"
    try:
        reader = point.load()
        lacking = [part for part in (*_WORDS, "recognise", "read") if not hasattr(reader, part)]
        words = {word: getattr(reader, word) for word in _WORDS if word not in lacking}
    except Exception as problem:
        raise PluginError(f"{where} cannot be loaded: {_said(problem)}; mend or remove it") from problem
    if lacking:
        raise PluginError(f"{where} is no reader: it has no '{lacking[0]}'; see stsdetect.readers.Reader")
    wrong = [word for word, value in words.items() if not (isinstance(value, str) and value.strip())]
    if wrong:
        raise PluginError(f"{where} is no reader: its '{wrong[0]}' is no text; see stsdetect.readers.Reader")
    return Plugin(where, reader, **words)


def _said(problem: Exception) -> str:
    return f"{type(problem).__name__}: {problem}"[:500]
