"""What each test of identity finds, and what explains it innocently, for people."""

from __future__ import annotations

from typing import NamedTuple


class IdentityTest(NamedTuple):
    """One subtype of ``identity`` events."""

    name: str
    finds: str
    innocent: str


#: All subtypes of ``identity`` events.
IDENTITY_TESTS: tuple[IdentityTest, ...] = (
    IdentityTest(
        "mmsi_form",
        "a ship whose MMSI has no form that ITU-R M.585 gives, or a country code of no state",
        "a transponder never set up, or set up wrong",
    ),
    IdentityTest(
        "imo_checksum",
        "a merchant ship whose only IMO number fails its check digit",
        "a typing error; an official number of another kind in its place",
    ),
    IdentityTest(
        "no_imo",
        "a merchant ship of class A and of 50 m or more that broadcasts no IMO number, where most such ships do",
        "a ship on domestic voyages only, a transponder never fully set up",
    ),
    IdentityTest(
        "flag_contradicted",
        "a call sign of another state's series than the country code of the MMSI",
        "a new flag whose call sign or MMSI is not changed yet, dual registry, a typing error in its first letters",
    ),
    IdentityTest("name_change", "a name that changes for good, or to and fro", "a sale, a new charterer"),
    IdentityTest("callsign_change", "a call sign that changes for good, or to and fro", "a new flag"),
    IdentityTest(
        "mmsi_change", "a vessel known by an id of the source that changes its MMSI", "a new flag or transponder"
    ),
    IdentityTest(
        "imo_change", "a hull that changes from one valid IMO number to another", "a number typed wrong for long"
    ),
    IdentityTest(
        "dimensions_change", "length or width that change by more than measuring does", "a refit, a typing error"
    ),
    IdentityTest(
        "shared_imo",
        "one IMO number on two hulls at once, or too far apart to be one hull",
        "a number typed wrong that is another ship's",
    ),
    IdentityTest("imo_moved", "one IMO number that goes from one MMSI to another", "a new flag or transponder"),
    IdentityTest(
        "shared_mmsi", "two hulls under one MMSI, heard in turn far apart", "a factory setting, a unit set up twice"
    ),
    IdentityTest(
        "hand_over",
        "one identity falls silent at sea, another not heard for as long wakes within reach on a hull of the same size",
        "a ship leaves the reach of receivers as another of its size enters it; rivals are counted",
    ),
    IdentityTest(
        "twin_dimensions",
        "two identities of the same A, B, C and D, which nobody else has, heard in turn and never at once",
        "sister ships on one line, heard in a narrow area only",
    ),
    IdentityTest(
        "fixed_position",
        "a position that stays where it is while SOG says the hull moves",
        "a GNSS receiver that froze",
    ),
    IdentityTest(
        "speed_contradicted",
        "positions that move much faster than SOG says, for half an hour or more",
        "SOG in another unit, or from a water log",
    ),
    IdentityTest("ring", "positions on a circle that SOG or COG contradicts", "none known but interference with GNSS"),
    IdentityTest(
        "too_smooth", "a track without any noise for hours", "an export whose gaps are filled with straight lines"
    ),
    IdentityTest(
        "on_land",
        "a seagoing hull heard far inland where no others are",
        "a river or canal that few use; a transponder carried overland",
    ),
    IdentityTest(
        "jump", "a hull that goes on elsewhere without a way between", "two ships with one number, one after the other"
    ),
    IdentityTest(
        "jump_and_return",
        "a hull away and back at no possible speed, or in one other place again and again",
        "a second ship with the same number that is heard seldom",
    ),
)
