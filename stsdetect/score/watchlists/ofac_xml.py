"""OFAC's lists as XML: the advanced one (``sdn_advanced.xml``) and the plain one (``sdn.xml``).

Advanced: a root ``Sanctions`` with ``DateOfIssue``, ``ReferenceValueSets`` (what the numbers stand for), ``Locations``,
``IDRegDocuments`` (numbers of identities: IMO as ``Vessel Registration Identification``, MMSI), ``DistinctParties``
(a profile of a ``PartySubType`` Vessel, its aliases and features such as ``Vessel Call Sign``), and
``SanctionsEntries`` (day and programmes of a profile). Other names of low quality are taken, too.

Plain: a root ``sdnList`` with ``publshInformation/Publish_Date`` (month first; so spelt) and ``sdnEntry``: uid,
lastName, sdnType, programList, idList (idType, idNumber), akaList, vesselInfo (callSign, vesselFlag, ...).

Source: OFAC, Advanced Sanctions List Standard and sdn_advanced_notes.pdf, as read by the crawler us_ofac_sdn of
github.com/opensanctions/opensanctions (names of features and documents); sdn.xml as OFAC's sdn.xsd has it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from xml.etree.ElementTree import Element

from stsdetect.readers.protocol import DamagedError
from stsdetect.readers.source import Head, Source
from stsdetect.reference.texts import clean
from stsdetect.score.watchlists.elements import elements, first_tags
from stsdetect.score.watchlists.protocol import Draft, Entry
from stsdetect.score.watchlists.words import (
    NAME_CHARS,
    PROGRAMME_CHARS,
    callsign_in,
    day_in,
    imo_in,
    imos_said,
    mmsi_in,
    names_of,
    said,
)

_REGISTRATION, _MMSI = "Vessel Registration Identification", "MMSI"
_SIGNS = frozenset({"vessel call sign", "other vessel call sign", "call sign"})
_WANTED = (
    "DateOfIssue", "PartySubType", "IDRegDocType", "FeatureType", "IDRegDocument", "DistinctParty", "SanctionsEntry",
)  # fmt: skip


class OfacAdvanced:
    """``sdn_advanced.xml``."""

    name = "ofac_advanced_xml"
    title = "OFAC advanced XML (sdn_advanced.xml, cons_advanced.xml)"
    doc = (
        "A root Sanctions with reference values, documents, parties and entries. Parties of the subtype Vessel are "
        "taken, with IMO numbers and MMSIs of their documents and all their names. A file that declares entities is "
        "refused."
    )
    dated = "DateOfIssue."
    origin = "OFAC, Advanced Sanctions List Standard; OpenSanctions, crawler us_ofac_sdn"

    def recognise(self, head: Head) -> bool:
        """Say whether its root and first elements are those of the standard."""
        tags = first_tags(head)
        return tags[:1] == ["Sanctions"] and any(
            tag in tags for tag in ("DateOfIssue", "ReferenceValueSets", "DistinctParties")
        )

    def read(self, source: Source, head: Head) -> Iterator[Draft]:
        """Read the vessels of the file."""
        draft, parts = Draft(name="OFAC SDN"), _Parts()
        for element in elements(source, _WANTED):
            parts.take(element, draft)
        if not parts.parties:
            raise DamagedError(f"{source.label} holds no parties; fetch it again")
        for number, party in enumerate(parts.parties, start=1):
            if parts.subtypes.get(party.subtype, "").casefold() != "vessel":
                draft.pass_over("not a vessel")
            else:
                _keep(draft, parts.entry(party, number, draft))
        yield draft


@dataclass
class _Party:
    profile: str
    subtype: str
    identities: list[str]
    names: list[str]
    features: list[tuple[str, str]]


@dataclass
class _Parts:
    """What refers to each other by numbers."""

    subtypes: dict[str, str] = field(default_factory=dict)
    documents: dict[str, str] = field(default_factory=dict)
    features: dict[str, str] = field(default_factory=dict)
    numbers: dict[str, list[tuple[str, str]]] = field(default_factory=lambda: defaultdict(list))
    parties: list[_Party] = field(default_factory=list)
    listings: dict[str, list[tuple[date | None, str]]] = field(default_factory=lambda: defaultdict(list))

    def take(self, element: Element, draft: Draft) -> None:
        """Take in one element."""
        text = (element.text or "").strip()
        number = element.get("ID", "")
        if element.tag == "DateOfIssue":
            draft.date = _day(element)
        elif element.tag == "PartySubType":
            self.subtypes[number] = text
        elif element.tag == "IDRegDocType":
            self.documents[number] = text
        elif element.tag == "FeatureType":
            self.features[number] = text
        elif element.tag == "IDRegDocument":
            said_number = (element.findtext("IDRegistrationNo") or "").strip()
            self.numbers[element.get("IdentityID", "")].append((element.get("IDRegDocTypeID", ""), said_number))
        elif element.tag == "SanctionsEntry":
            self._list(element)
        else:
            self._party(element)

    def _party(self, element: Element) -> None:
        for profile in element.iter("Profile"):
            names = []
            aliases = sorted(profile.iter("Alias"), key=lambda one: one.get("Primary", "").casefold() != "true")
            for alias in aliases:
                for name in alias.iter("DocumentedName"):
                    names.append(" ".join((part.text or "").strip() for part in name.iter("NamePartValue")))
            features = [
                (feature.get("FeatureTypeID", ""), (detail.text or "").strip())
                for feature in profile.iter("Feature")
                for detail in feature.iter("VersionDetail")
            ]
            identities = [identity.get("ID", "") for identity in profile.iter("Identity")]
            self.parties.append(
                _Party(profile.get("ID", ""), profile.get("PartySubTypeID", ""), identities, names, features)
            )

    def _list(self, element: Element) -> None:
        days = [_day(one) for event in element.iter("EntryEvent") for one in event.iter("Date")]
        programmes = [(one.findtext("Comment") or "").strip() for one in element.iter("SanctionsMeasure")]
        known = [day for day in days if day is not None]
        text = ", ".join(dict.fromkeys(filter(None, programmes)))
        self.listings[element.get("ProfileID", "")].append((min(known, default=None), text))

    def entry(self, party: _Party, number: int, draft: Draft) -> Entry:
        """Return the entry of a vessel."""
        imos: dict[int, None] = {}
        mmsis: dict[int, None] = {}
        for kind, text in (one for identity in party.identities for one in self.numbers.get(identity, ())):
            name = self.documents.get(kind, "")
            if name == _MMSI:
                mmsi = mmsi_in(text, draft.left_out)
                mmsis |= {} if mmsi is None else {mmsi: None}
            elif name == _REGISTRATION:
                imo = imo_in(text, draft.left_out)
                imos |= {} if imo is None else {imo: None}
            else:  # some are written as other identification numbers, but marked as IMO
                imos |= dict.fromkeys(imos_said(text, draft.left_out))
        signs = [callsign_in(text) for kind, text in party.features if self.features.get(kind, "").casefold() in _SIGNS]
        listed = self.listings.get(party.profile, [])
        return Entry(
            clean(party.profile, NAME_CHARS) or f"party {number}", names_of(party.names), tuple(imos), tuple(mmsis),
            tuple(dict.fromkeys(filter(None, signs))),
            said(", ".join(dict.fromkeys(text for _, text in listed if text)), PROGRAMME_CHARS),
            min((day for day, _ in listed if day is not None), default=None), number,
        )  # fmt: skip


def _day(element: Element) -> date | None:
    """Return the day of Year, Month and Day; a month or day left out is the first."""
    words = [(element.findtext(name) or fallback).strip() for name, fallback in _DAY]
    try:
        return date(*(int(word) for word in words))
    except ValueError:
        return None


_DAY = (("Year", ""), ("Month", "1"), ("Day", "1"))


def _keep(draft: Draft, entry: Entry) -> None:
    if entry.names or entry.imos or entry.mmsis or entry.callsigns:
        draft.keep(entry)
    else:
        draft.reject(entry.row, "no_vessel", "neither a name nor a number")


class OfacPlain:
    """``sdn.xml``."""

    name = "ofac_xml"
    title = "OFAC XML (sdn.xml)"
    doc = (
        "A root sdnList of sdnEntry elements. Entries of the type Vessel are taken, IMO number and MMSI from idList, "
        "other names from akaList. A file that declares entities is refused."
    )
    dated = "Publish_Date."
    origin = "OFAC, sdn.xsd"

    def recognise(self, head: Head) -> bool:
        """Say whether its root is that of the list."""
        return first_tags(head)[:1] == ["sdnList"]

    def read(self, source: Source, head: Head) -> Iterator[Draft]:
        """Read the vessels of the file."""
        draft = Draft(name="OFAC SDN")
        for element in elements(source, ("publshInformation", "publishInformation", "sdnEntry")):
            if element.tag != "sdnEntry":
                draft.date = day_in(element.findtext("Publish_Date") or "")
            elif (element.findtext("sdnType") or "").strip().casefold() != "vessel":
                draft.pass_over("not a vessel")
            else:
                _keep(draft, _plain_entry(element, draft))
        yield draft


def _plain_entry(element: Element, draft: Draft) -> Entry:
    numbers = [
        ((one.findtext("idType") or "").strip(), (one.findtext("idNumber") or "").strip()) for one in element.iter("id")
    ]
    imos = [imo_in(text, draft.left_out) for kind, text in numbers if kind == _REGISTRATION]
    others = [
        imo for kind, text in numbers if kind not in (_REGISTRATION, _MMSI) for imo in imos_said(text, draft.left_out)
    ]
    mmsis = [mmsi_in(text, draft.left_out) for kind, text in numbers if kind == _MMSI]
    sign = callsign_in(element.findtext("vesselInfo/callSign") or "")
    programmes = [(one.text or "").strip() for one in element.iter("program")]
    names = [element.findtext("lastName") or "", *(one.findtext("lastName") or "" for one in element.iter("aka"))]
    return Entry(
        clean(element.findtext("uid"), NAME_CHARS) or f"entry {draft.rows + 1}", names_of(names),
        tuple(dict.fromkeys(imo for imo in [*imos, *others] if imo is not None)),
        tuple(dict.fromkeys(mmsi for mmsi in mmsis if mmsi is not None)),
        (sign,) if sign else (), said(", ".join(filter(None, programmes)), PROGRAMME_CHARS), None, draft.rows + 1,
    )  # fmt: skip
