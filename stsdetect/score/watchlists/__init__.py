"""Watch-lists: vessels that others have listed, read from the layouts they publish, and matched by IMO number first."""

from stsdetect.score.watchlists.protocol import Entry, ListReader, WatchList
from stsdetect.score.watchlists.reading import LIST_READERS, ListSource, WatchListFile, list_file, read_watch_lists

__all__ = [
    "LIST_READERS",
    "Entry",
    "ListReader",
    "ListSource",
    "WatchList",
    "WatchListFile",
    "list_file",
    "read_watch_lists",
]
