"""Reading lists: what each file is, what it is called and of when it is, and what became of its rows."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from stsdetect.errors import InputError, UsageError
from stsdetect.readers.finding import expand, files_beside
from stsdetect.readers.source import Head, Source
from stsdetect.reference.texts import clean
from stsdetect.score.watchlists.any_csv import AnyCsv
from stsdetect.score.watchlists.ofac_csv import OfacCsv, add_supplement, supplement
from stsdetect.score.watchlists.ofac_xml import OfacAdvanced, OfacPlain
from stsdetect.score.watchlists.opensanctions import FollowTheMoney, Maritime, Simple
from stsdetect.score.watchlists.packaged import PACKAGED, packaged_list
from stsdetect.score.watchlists.protocol import Draft, ListReader, WatchList
from stsdetect.score.watchlists.un_1718 import Un1718
from stsdetect.score.watchlists.vessels_json import VesselsJson

#: All layouts, in the order in which they are tried: the one that takes any table comes last.
LIST_READERS: tuple[ListReader, ...] = (
    OfacCsv(), OfacAdvanced(), OfacPlain(), Un1718(), Maritime(), Simple(), FollowTheMoney(), VesselsJson(), AnyCsv(),
)  # fmt: skip
#: Files that go with sdn.csv, by what they hold; read where they lie beside it.
_BESIDE = {"alt": "alt.csv", "comments": "sdn_comments.csv"}


@dataclass(frozen=True)
class WatchListFile:
    """A file with a list, and what the user says of it.

    Attributes
    ----------
    path
        The file; plain, .gz, .zip or .zst.
    name, date
        What the list is called and of when it is; None where the file is to say it. ``date`` is a day such as
        ``2026-03-20``.
    """

    path: str | Path
    name: str | None = None
    date: str | dt.date | None = None

    @property
    def day(self) -> dt.date | None:
        """The date that was told.

        Raises
        ------
        UsageError
            If it is no day.
        """
        if isinstance(self.date, dt.datetime):
            return self.date.date()
        if self.date is None or isinstance(self.date, dt.date):
            return self.date
        try:
            return dt.date.fromisoformat(self.date)
        except ValueError:
            raise UsageError(
                f"the date {self.date!r} of the watch-list {self.path} is no day; write it like 2026-03-20"
            ) from None


#: What may be given as a list: a path, ``packaged``, a path with what is known of it, or a list that is read already.
ListSource = str | Path | WatchListFile | WatchList


def list_file(text: str) -> WatchListFile:
    """Read ``FILE`` or ``NAME@DATE=FILE``, of which NAME or @DATE may be left out, as the command line has it.

    A file of just that name comes first.

    >>> list_file("OFAC SDN@2026-03-20=sdn.csv")
    WatchListFile(path='sdn.csv', name='OFAC SDN', date='2026-03-20')
    >>> list_file("sdn.csv")
    WatchListFile(path='sdn.csv', name=None, date=None)
    """
    about, sign, path = text.partition("=")
    if not sign or os.path.exists(text):
        return WatchListFile(text)
    name, at, day = about.rpartition("@") if "@" in about else (about, "", "")
    if not path or (at and not day) or not (name or at):
        raise UsageError(
            f"--watch-list {text!r} is not of the form FILE or NAME@DATE=FILE, such as OFAC@2026-03-20=sdn.csv"
        )
    return WatchListFile(path, name.strip() or None, day.strip() or None)


def is_packaged(one: ListSource) -> bool:
    """Say whether the packaged list is meant, and not a file."""
    return (one.path if isinstance(one, WatchListFile) else one) == PACKAGED


def read_watch_lists(lists: Iterable[ListSource]) -> tuple[WatchList, ...]:
    """Read lists of vessels in any known layout.

    Parameters
    ----------
    lists
        Paths, `WatchListFile` (a path with a name or a date), lists that are read already, or the word ``packaged``
        for the old snapshot that comes with the program.

    Returns
    -------
    The lists, in the order given; files that only go with another one (OFAC's alt.csv) are part of that.

    Raises
    ------
    InputError
        If a file cannot be read, is no list, is cut short, or holds no vessel.
    UsageError
        If a date is none.

    Examples
    --------
    >>> (one,) = read_watch_lists(["packaged"])
    >>> one.name, one.date
    ('packaged snapshot', datetime.date(2021, 7, 7))
    """
    given = [lists] if isinstance(lists, (str, Path, WatchListFile, WatchList)) else list(lists)
    done: list[WatchList | None] = []
    opened: list[tuple[int, WatchListFile, Source, Head, ListReader]] = []
    extra: list[tuple[str, Source]] = []
    for one in given:
        if isinstance(one, WatchList):
            done.append(one)
        elif is_packaged(one):
            if isinstance(one, WatchListFile) and (one.name or one.date):
                raise UsageError(
                    "the packaged watch-list has its name and date already; give the word 'packaged' alone"
                )
            done.append(packaged_list())
        else:
            told = one if isinstance(one, WatchListFile) else WatchListFile(one)
            told.day  # noqa: B018 - a wrong date is found before anything is read
            for source in expand([told.path]):
                head = source.head()
                kind = supplement(head)
                if kind:
                    extra.append((kind, source))
                    continue
                opened.append((len(done), told, source, head, _recognise(source, head)))
                done.append(None)
    if extra and not any(reader.name == OfacCsv.name for *_, reader in opened):
        raise InputError(f"{extra[0][1].label} holds only what goes with OFAC's sdn.csv; name that file, too")
    for place, told, source, head, reader in opened:
        done[place] = _read(told, source, head, reader, extra)
    return tuple(one for one in done if one is not None)


def _recognise(source: Source, head: Head) -> ListReader:
    for reader in LIST_READERS:
        if reader.recognise(head):
            return reader
    if not head.data.strip():
        raise InputError(f"{source.label} is empty: it holds no watch-list")
    start = head.data.decode("utf-8", "replace").lstrip("\ufeff")
    shown = clean(start.split("\n", 1)[0], 60)
    raise InputError(
        f"{source.label} is no watch-list of a known layout; it begins {shown!r}. `stsdetect about lists` says what is "
        "read: with a header and a column imo, mmsi or name any CSV file is"
    )


def _read(
    told: WatchListFile, source: Source, head: Head, reader: ListReader, extra: Sequence[tuple[str, Source]]
) -> WatchList:
    (draft,) = reader.read(source, head)
    beside: list[str] = []
    if reader.name == OfacCsv.name:
        draft, beside = _with_beside(draft, source, extra)
    if not draft.entries:
        raise InputError(f"{source.label} holds no vessel that can be matched ({_account(draft)})")
    if not any(entry.imos for entry in draft.entries):
        what = "a column of them is called imo" if reader.name == AnyCsv.name else "was that meant?"
        draft.remarks[f"no entry has an IMO number, so that nothing on it can be a hit: {what}"] = None
    stem = Path(source.member or source.path).name
    return WatchList(
        clean(told.name or draft.name or stem), told.day or draft.date, reader.name, source.label, tuple(draft.entries),
        tuple(beside), draft.rows, draft.kept, dict(sorted(draft.passed_over.items())),
        dict(sorted(draft.rejected.items())), tuple(draft.examples), dict(sorted(draft.left_out.items())),
        tuple(draft.remarks),
    )  # fmt: skip


def _with_beside(draft: Draft, source: Source, extra: Sequence[tuple[str, Source]]) -> tuple[Draft, list[str]]:
    """Add what goes with sdn.csv: files named, else those beside it."""
    beside = []
    kinds = set()
    for kind, name in _BESIDE.items():
        found = [one for other, one in extra if other == kind]
        found = found or [one for one in files_beside(source, name) if supplement(one.head()) == kind][:1]
        for one in found:
            draft = add_supplement(draft, one, kind)
            beside.append(one.label)
            kinds.add(kind)
    if "alt" not in kinds:
        draft.remarks["other names of vessels (alt.csv) were not beside it"] = None
    return draft, beside


def _account(draft: Draft) -> str:
    counts = [*sorted(draft.passed_over.items()), *sorted(draft.rejected.items())]
    return ", ".join([f"{draft.rows:,} rows", *(f"{count:,} {reason}" for reason, count in counts)])
