"""Tables of what is made of events: leads, chains, volumes, and hits on watch-lists."""

from __future__ import annotations

import pyarrow as pa

from stsdetect.schema.table import BOOL, F64, I64, STRING, TIME, Schema, column

REASON = pa.struct(
    [
        pa.field("indicator", STRING),
        pa.field("value", F64),
        # Share of the indicator's weight that was earned: weight = strength x that weight, rounded to 4 decimals.
        pa.field("strength", F64),
        pa.field("weight", F64),
        pa.field("sentence", STRING),
        pa.field("source", STRING),
    ]
)

_VOLUME = (
    column(
        "tonnes_low", I64, "least likely cargo, if any passed; low and high hold settings.volume.interval of draws [t]"
    ),
    column("tonnes_mid", I64, "median of the draws [t]"),
    column("tonnes_high", I64, "greatest likely cargo [t]"),
    column("barrels_low", I64, "the same in barrels of the products in settings.volume.products"),
    column("barrels_mid", I64, "median of the draws [barrels]"),
    column("barrels_high", I64, "greatest likely cargo [barrels]"),
    column(
        "volume_basis",
        STRING,
        "what it rests on: draughts of both, draught of one, draught (of a delivery), hull sizes, one hull size or "
        "published parcels; of several transfers the weakest",
    ),
)

PAIRS = Schema(
    "pairs",
    "Vessel pairs ranked as likely transfers: leads to look at, never verdicts.",
    (
        column("pair_id", STRING, "hash of the vessel and its partner", nullable=False),
        column("vessel_a", STRING, "hull id, the lesser of the two", nullable=False),
        column("vessel_b", STRING, "hull id of the partner"),
        column("mmsi_a", I64, "MMSI of a"),
        column("mmsi_b", I64, "MMSI of b"),
        column("name_a", STRING, "name of a at the first event"),
        column("name_b", STRING, "name of b at the first event"),
        column(
            "partner_kind", STRING, "vessel, unknown (one row per event) or port (a direct delivery)", nullable=False
        ),
        column("partner_id", STRING, "id of the partner; of an unknown one the event's", nullable=False),
        column("rank", I64, "1 is the strongest lead", nullable=False),
        column("score", F64, "priority score 0..1, the logistic of log_odds; not a probability", nullable=False),
        column("log_odds", F64, "sum of the weights of the reasons", nullable=False),
        column("confidence", STRING, "high, medium or low: how well the meeting itself was observed", nullable=False),
        column(
            "likelihood",
            STRING,
            "how likely the lead is right, in the words of ICD 203; null unless the weights were calibrated on labels "
            "of such leads: then score is a priority",
        ),
        column(
            "n_events", I64, "meetings of the pair, seen or possible; of a port, loadings before calls there", False
        ),
        column("first_time", TIME, "start of the first", nullable=False),
        column("last_time", TIME, "end of the last", nullable=False),
        column("event_ids", pa.list_(STRING), "their ids", nullable=False),
        column(
            "chain",
            STRING,
            "the strongest chain from a supply port it is part of; null for none, see `stsdetect chains`",
        ),
        *_VOLUME,
        column("volume", STRING, "what may have passed, and on what assumptions, in a sentence"),
        column("reasons", pa.list_(REASON), "what speaks for and against, a base term first", nullable=False),
        column("settings_id", STRING, "digest of the settings", nullable=False),
    ),
)

CHAINS = Schema(
    "chains",
    "Chains that time allows, from a supply port over vessels to a watched port, its waters or a listed vessel.",
    (
        column("chain_id", STRING, "hash of ports, vessels and events", nullable=False),
        column("supply_port", STRING, "port where the first vessel lay", nullable=False),
        column("vessels", pa.list_(STRING), "hull ids in order", nullable=False),
        column("sink", STRING, "where it ends: a port, a zone, or the IMO number of a listed vessel", nullable=False),
        column("sink_kind", STRING, "port, waters or listed", nullable=False),
        column("start_time", TIME, "start of the call at the supply port", nullable=False),
        column("end_time", TIME, "end of the last step", nullable=False),
        column(
            "strength", F64, "strength of the weakest step, 0..1 in tenths; a meeting's is the score of its pair", False
        ),
        column("n_observed", I64, "steps that were observed", nullable=False),
        column("n_inferred", I64, "steps that silences only allow", nullable=False),
        column("event_ids", pa.list_(STRING), "events of the steps, in order", nullable=False),
        column("observed", pa.list_(BOOL), "whether each was observed", nullable=False),
        column("path", STRING, "port, vessels and end joined by ' > '", nullable=False),
        column("evidence", STRING, "the steps in words", nullable=False),
    ),
)

TRANSFERS = Schema(
    "transfers",
    "Possible transfers, each once in whatever leads and events it shows, and whether the ledger counts it.",
    (
        column("transfer_id", STRING, "id of the event that leads it", nullable=False),
        column("pair_id", STRING, "the strongest lead it is part of", nullable=False),
        column("partner_kind", STRING, "of that lead: vessel, unknown or port", nullable=False),
        column("vessel_a", STRING, "hull id", nullable=False),
        column("vessel_b", STRING, "hull id of the partner; null where it is not known, or a port"),
        column("event_ids", pa.list_(STRING), "its events", nullable=False),
        column("observed", BOOL, "the meeting, or of a delivery the call, was seen", nullable=False),
        column("start_time", TIME, "start, UTC", nullable=False),
        column("end_time", TIME, "end, UTC; it counts in the month of its end", nullable=False),
        column("score", F64, "priority score of its lead, 0..1; not a probability", nullable=False),
        *_VOLUME,
        column("giver", STRING, "a or b: who gave, by draughts, flag or size; null where that is not known"),
        column("dprk", BOOL, "a hull of the flag of the DPRK, its ports or its waters", nullable=False),
        column("counted", BOOL, "counted among the leads from settings.volume.min_score on", nullable=False),
        column("why_not", STRING, "why it is not counted"),
    ),
)

LEDGER = Schema(
    "ledger",
    "Likely volume by UTC month and year against the yearly cap of UN resolution 2397, on two assumptions, neither a "
    "verdict.",
    (
        column("period", STRING, "month (2024-03) or calendar year (2024)", nullable=False),
        column("n_transfers", I64, "transfers counted: leads from settings.volume.min_score on", nullable=False),
        column("n_dprk", I64, "of these, such with a link to the DPRK", nullable=False),
        column("tonnes_low", I64, "if all of these are real [t]", nullable=False),
        column("tonnes_mid", I64, "median of the draws [t]", nullable=False),
        column("tonnes_high", I64, "[t]", nullable=False),
        column("barrels_low", I64, "if all of these are real [barrels]", nullable=False),
        column("barrels_mid", I64, "median of the draws [barrels]", nullable=False),
        column("barrels_high", I64, "[barrels]", nullable=False),
        column("barrels_dprk_mid", I64, "median of those with a link to the DPRK alone [barrels]", nullable=False),
        column("year_low", I64, "sum of the calendar year to the end of the period [barrels]", nullable=False),
        column("year_mid", I64, "median of it [barrels]", nullable=False),
        column("year_high", I64, "[barrels]", nullable=False),
        column("cap", I64, "cap of a calendar year [barrels]", nullable=False),
        column(
            "p_passed",
            F64,
            "share of draws in which that sum is above the cap, if all of these are real",
            nullable=False,
        ),
        column("n_leads", I64, "transfers of any score", nullable=False),
        column(
            "weighted_low",
            I64,
            "sum of the year, as if scores were probabilities, which they are not [barrels]",
            False,
        ),
        column("weighted_mid", I64, "median of it [barrels]", nullable=False),
        column("weighted_high", I64, "[barrels]", nullable=False),
        column(
            "p_passed_weighted", F64, "share of draws above the cap, as if scores were probabilities", nullable=False
        ),
    ),
)

WATCH_HITS = Schema(
    "watch_hits",
    "Hulls that are on a watch-list (kind hit: by an IMO number that they broadcast), or may be (kind possible: no "
    "more than a reason to look). Sorted by vessel.",
    (
        column("vessel", STRING, "hull id, as in events and pairs", nullable=False),
        column("mmsi", I64, "its MMSI, the last one"),
        column("name", STRING, "its name as broadcast, the last one"),
        column("kind", STRING, "hit: the same IMO number; possible: only what follows in matched", nullable=False),
        column("matched", STRING, "what is the same, joined by ';': imo, mmsi, callsign, name", nullable=False),
        column("said", STRING, "what the hull broadcast that is the same, in words", nullable=False),
        column("first_time", TIME, "when the first of matched was first broadcast, UTC", nullable=False),
        column("last_time", TIME, "when the first of matched was last broadcast, UTC", nullable=False),
        column(
            "other_imos", pa.list_(I64), "other IMO numbers with a right check digit that the hull broadcast", False
        ),
        column("list_name", STRING, "name of the list", nullable=False),
        column("list_date", pa.date32(), "of when the list is; null where neither the file nor the user says so"),
        column("entry_id", STRING, "the list's own id of the entry, else its row", nullable=False),
        column("entry_name", STRING, "the name it is listed under"),
        column("entry_imos", pa.list_(I64), "IMO numbers of the entry", nullable=False),
        column("programme", STRING, "what it is listed for, as the list says it"),
        column("listed_on", pa.date32(), "the day it was listed, where the list says so"),
        column("evidence", STRING, "the match in words", nullable=False),
        column("list_file", STRING, "file of the list", nullable=False),
        column("list_row", I64, "line, item or element of the entry in it"),
    ),
)
