"""What one hull says of itself: each test with a positive, a negative and a noisy negative."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stsdetect.detect.identity_events import plain_name, spelt_alike
from tests.builders import TANKER, boat, events_of, positions, us

#: A tanker of 80 m under the flag of Panama, with a call sign of Panama's series and a valid IMO number.
HONEST = {**TANKER, "imo": 9074729, "name": "OCEAN STAR", "callsign": "3EAB7", "transceiver": "A"}
MMSI = 351000001
KIND = "identity"


def found(*tables, **groups):
    """Identity events by test."""
    events = [event for event in events_of(*tables, **groups) if event["kind"] == KIND]
    return {event["subtype"]: event for event in sorted(events, key=lambda event: event["start_time"], reverse=True)}


def sailing(begin: float, end: float, mmsi: int = MMSI, noise_m: float = 8.0, **said):
    """The tanker on its way at 10 kn from one hour to another."""
    return boat(
        mmsi, [(begin, begin * 18520, 0), (end, end * 18520, 0)], every_s=300, noise_m=noise_m, **{**HONEST, **said}
    )  # fmt: skip


def voyage(*spells):
    """The tanker saying different things from hour to hour: (from, to, what)."""
    return [sailing(begin, end, **said) for begin, end, said in spells]


def test_an_honest_merchant_ship_raises_nothing():
    assert found(sailing(0, 48)) == {}
    assert found(sailing(0, 48, imo=None, length_m=None, callsign=None, name=None)) == {}


# --- numbers that cannot be ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mmsi", "words"),
    [(123456789, "no form"), (999999999, "no form"), (200000123, "no state"), (12345, "no form")],
)
def test_mmsi_form(mmsi, words):
    event = found(sailing(0, 20, mmsi=mmsi))["mmsi_form"]
    assert words in event["evidence"]
    assert f"{mmsi:09d}" in event["evidence"]
    assert event["observed_min"] is None
    assert event["inferred_min"] is None


@pytest.mark.parametrize("mmsi", [445123000, 351000001, 982110001])
def test_mmsi_form_negative(mmsi):
    """A flag is no fault, that of the DPRK (445) included; nor is the number of a mother ship's craft."""
    assert "mmsi_form" not in found(sailing(0, 20, mmsi=mmsi))


def test_mmsi_form_noisy():
    """Buoys on fishing gear broadcast made-up numbers; they do not say that they are ships."""
    buoy = boat(109050573, [(0, 0, 0), (20, 900, 0)], every_s=600, name="N 9F 3 12V")
    assert found(buoy) == {}


def test_imo_checksum():
    event = found(sailing(0, 20, imo=9074720))["imo_checksum"]
    assert "9074720" in event["evidence"]


@pytest.mark.parametrize("said", [{"imo": 9074729}, {"imo": 0}, {"imo": 907472900}, {"imo": 1427288, "ship_type": 37}])
def test_imo_checksum_negative(said):
    assert "imo_checksum" not in found(sailing(0, 20, **said))


def test_imo_checksum_noisy():
    """A typing error that is corrected is none, however long it lasted; a class B unit cannot send the number."""
    assert found(*voyage((0, 10, {"imo": 9074720}), (10.1, 30, {}))) == {}
    assert "imo_checksum" not in found(sailing(0, 20, imo=9074720, transceiver="B"))


def test_flag_contradicted():
    event = found(sailing(0, 20, callsign="HMYX7"))["flag_contradicted"]
    assert "series of KP" in event["evidence"]
    assert "of PA" in event["evidence"]


@pytest.mark.parametrize(
    ("mmsi", "callsign"),
    [
        (MMSI, "3EAB7"),
        (477000001, "BABC"),
        (477000001, "VRAB7"),
        (219000001, "OXYZ2"),
        (MMSI, "SEA GULL"),
        (MMSI, "1234"),
    ],
)
def test_flag_contradicted_negative(mmsi, callsign):
    assert "flag_contradicted" not in found(sailing(0, 20, mmsi=mmsi, callsign=callsign))


def test_flag_contradicted_noisy():
    """A call sign corrected, one heard for an hour only, and that of a small craft tell nothing."""
    assert "flag_contradicted" not in found(*voyage((0, 3, {"callsign": "HMAB7"}), (3.1, 30, {})))
    assert "flag_contradicted" not in found(sailing(0, 1, callsign="HMYX7"))
    assert "flag_contradicted" not in found(sailing(0, 20, callsign="HMYX7", transceiver="B"))


# --- changes ---------------------------------------------------------------------------------------------------

CHANGES = [
    ("name_change", {"name": "SONG WON"}, "OCEAN STAR"),
    ("callsign_change", {"callsign": "H9XY"}, "3EAB7"),
    ("imo_change", {"imo": 9319466}, "9074729"),
    ("dimensions_change", {"to_bow_m": 110.0, "to_starboard_m": 12.0}, "80 x 12 m"),
]


@pytest.mark.parametrize(("test", "other", "before"), CHANGES)
def test_a_lasting_change(test, other, before):
    events = found(*voyage((0, 20, {}), (20.1, 40, other)))
    assert set(events) == {test}
    event = events[test]
    assert before in event["evidence"]
    assert us(19.9) <= event["start_time"].timestamp() * 1e6 <= us(20.0)
    assert event["end_time"].timestamp() * 1e6 == pytest.approx(us(20.1), abs=4e8)
    # Where it was heard last under the old one: 10 kn to the east.
    assert event["lon_deg"] == pytest.approx(124.0 + 20 * 18520 / 95_500, abs=0.05)


@pytest.mark.parametrize(("test", "other", "before"), CHANGES)
def test_to_and_fro(test, other, before):
    spells = [(k, k + 0.9, other if k % 2 else {}) for k in range(8)]
    events = found(*voyage(*spells))
    assert set(events) == {test}
    assert "to and fro" in events[test]["evidence"]
    assert "7 times" in events[test]["evidence"]


@pytest.mark.parametrize(("test", "other", "before"), CHANGES)
def test_a_change_negative(test, other, before):
    """Not held for long enough: at the end, at the beginning, and corrected within hours."""
    assert found(*voyage((0, 20, {}), (20.1, 23, other))) == {}
    assert found(*voyage((0, 3, other), (3.1, 30, {}))) == {}
    assert found(*voyage((0, 20, {}), (20.1, 23, other), (23.1, 40, {}))) == {}


@pytest.mark.parametrize(
    "other",
    [
        {"name": "OCEAN STER"},
        {"name": "OCEAN STAR 1"},
        {"name": "M/T-OCEAN STAR"[4:]},
        {"callsign": "3EAB1"},
        {"to_bow_m": 62.0, "to_stern_m": 21.0},
        {"to_bow_m": 20.0, "to_stern_m": 60.0},
        {"imo": 9074720},
        {"destination": "NAMPO"},
        {"draught_m": 7.1},
    ],
)
def test_a_change_noisy(other):
    """Spelt a letter or two otherwise, measured otherwise, typed wrong, or no identity at all."""
    assert found(*voyage((0, 20, {}), (20.1, 40, other))) == {}


def test_two_transponders_of_one_number_on_one_hull_say_different_things():
    """Class A says one thing, class B another, minute by minute: no change of anything."""
    b = {"transceiver": "B", "name": "TENDER TO X", "callsign": "ABC", "imo": None, "to_bow_m": 8.0, "to_stern_m": 4.0}
    pieces = [sailing(k / 4, k / 4 + 0.2, **(b if k % 2 else {})) for k in range(80)]
    assert found(*pieces) == {}


def test_a_tow_may_change_its_size():
    spells = (0, 20, {"ship_type": 52}), (20.1, 40, {"ship_type": 52, "to_bow_m": 160.0})
    assert found(*voyage(*spells)) == {}


def test_mmsi_change_of_a_vessel_with_an_id_of_its_own():
    one = sailing(0, 20, vessel_id="ship-7", callsign=None)
    other = sailing(20.1, 40, mmsi=352000002, vessel_id="ship-7", callsign=None)
    assert set(found(one, other)) == {"mmsi_change"}
    assert found(sailing(0, 40, vessel_id="ship-7")) == {}
    assert found(one, sailing(20.1, 21, mmsi=352000002, vessel_id="ship-7", callsign=None)) == {}


def test_mmsi_change_of_a_vessel_whose_id_is_a_number():
    """Whoever else is in the data, and whatever their ids look like; a report without an MMSI says nothing."""
    one = sailing(0, 20, vessel_id="17", callsign=None)
    other = sailing(20.3, 40, mmsi=352000002, vessel_id="17", callsign=None)
    bare = positions(
        None, [us(20.15)], 31.0, 124.0 + 20.15 * 18520 / 95_500, vessel_id="17", **{**HONEST, "callsign": None}
    )
    assert set(found(one, other)) == {"mmsi_change"}
    assert set(found(one, bare, other)) == {"mmsi_change"}


def test_sizes_that_go_to_and_fro_are_said_as_sizes():
    spells = [(k, k + 0.9, CHANGES[3][1] if k % 2 else {}) for k in range(8)]
    evidence = found(*voyage(*spells))["dimensions_change"]["evidence"]
    assert evidence == "Length and width went to and fro between '130 x 18 m' and '80 x 12 m' 7 times"


def test_random_garbage_is_no_flip_flop():
    """Bits garbled on the way give another name each time."""
    spells = [(k, k + 0.9, {"name": chr(65 + k) * 9} if k % 2 else {}) for k in range(20)]
    assert found(*voyage(*spells)) == {}


def test_hostile_names_are_made_harmless():
    nasty = "\x1b[31m<script>'\"\u202e" + "A" * 5000
    event = found(*voyage((0, 20, {}), (20.1, 40, {"name": nasty})))["name_change"]
    assert event["evidence"].isprintable()
    assert len(event["evidence"]) <= 400
    assert "\u202e" not in event["evidence"]


def test_static_data_alone_have_no_place_and_raise_nothing():
    silent = positions(MMSI, [us(0), us(30)], 91.0, 181.0, **{**HONEST, "imo": 9074720})
    assert found(silent) == {}


# --- spelling --------------------------------------------------------------------------------------------------


@given(st.text(max_size=30), st.text(max_size=30), st.integers(0, 3))
def test_alike_is_symmetric_and_reflexive(a, b, edits):
    assert spelt_alike(a, a, edits)
    assert spelt_alike(a, b, edits) == spelt_alike(b, a, edits)


@given(st.text("ABCDE", min_size=6, max_size=12), st.integers(0, 11), st.sampled_from("XYZ"))
def test_one_letter_changed_is_alike(word, spot, letter):
    spot %= len(word)
    assert spelt_alike(word, word[:spot] + letter + word[spot + 1 :], 1)
    assert spelt_alike(word, word[:spot] + letter + word[spot:], 1)


@given(st.text(max_size=80))
def test_plain_names_hold_letters_and_digits_only(text):
    assert all(c.isascii() and c.isalnum() for c in plain_name(text))
