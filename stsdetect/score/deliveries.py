"""Rank direct deliveries: vessels that loaded at a supply port and then called, or could have, at a watched one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from stsdetect.reference.places import Port, load_ports
from stsdetect.schema import EVENTS, PAIRS, TIME
from stsdetect.score.facts import flags_by_mmsi
from stsdetect.score.indicators_delivery import DELIVERY
from stsdetect.score.known import NOTHING_KNOWN, Known
from stsdetect.score.listed import Listed
from stsdetect.score.reasons import logistic, pair_id
from stsdetect.score.voyages import Delivery, DeliveryCase, Harbours, deliveries, long_silences, read_stops
from stsdetect.score.weighing import Scored, Weighing
from stsdetect.settings import PortCallSettings, ScoreSettings

#: A vessel's deliveries to one country, in order.
_Deliveries: TypeAlias = tuple[Delivery, ...]


def rank_deliveries(
    events: pa.Table,
    *,
    settings: ScoreSettings = ScoreSettings(),
    calls: PortCallSettings = PortCallSettings(),
    ports: Sequence[Port] | None = None,
    settings_id: str = "",
    watch_hits: pa.Table | None = None,
    known: Known = NOTHING_KNOWN,
) -> pa.Table:
    """Rank the vessels that may have delivered a cargo without any meeting, strongest lead first, with reasons.

    Asked is each vessel with a call at a supply port that was seen or told, and after it a call at a port of
    ``calls.hidden_countries``: seen, told, or inferred from a silence. The last loading before it counts. Where
    ``settings.trade`` is export it is the other way round: the first landing after it counts.

    Parameters
    ----------
    events
        An `EVENTS` table (Arrow or pandas).
    settings, settings_id, watch_hits, known
        As in `rank_pairs`.
    calls, ports
        Which ports supply and which are watched; the packaged ones unless given.

    Returns
    -------
    A `PAIRS` table: one row per vessel and country, with ``partner_kind`` port. ``partner_id`` is the port of the
    strongest delivery, ``n_events`` the number of loadings, ``event_ids`` loading, silence and call of each delivery.

    Examples
    --------
    >>> from stsdetect.schema import EVENTS
    >>> rank_deliveries(EVENTS.empty()).num_rows
    0
    """
    table = EVENTS.conform(events, extra=True)
    export = settings.trade == "export"
    harbours = Harbours.of(load_ports() if ports is None else ports, calls, export=export)
    stops = read_stops(_of_callers(table, harbours), ("port_call", "gap"))
    found = deliveries(stops, harbours)
    if not found:
        return PAIRS.empty()
    silences, listed = long_silences(stops), Listed.of(watch_hits)
    flags = flags_by_mmsi(own[0].load.mmsi_a for own in found.values() if own[0].load.mmsi_a is not None)
    weighing = Weighing[DeliveryCase](DELIVERY, settings)
    scored = []
    for vessel, own in found.items():
        flag = flags.get(own[0].load.mmsi_a or 0)
        by_country: dict[str, list[Delivery]] = {}
        for one in own:
            by_country.setdefault(harbours.country(one.call.port_id), []).append(one)
        for some in by_country.values():
            # One silence after another may follow one loading: the vessel did so once.
            times = len({one.load.event_id for one in some})
            cases = [
                DeliveryCase(one, harbours, flag, silences[vessel], times, listed, settings, known) for one in some
            ]
            scored.append(weighing.score(tuple(some), cases, _order))
    scored.sort(key=lambda one: (-one.log_odds, one.lead[0].load.start_time, _at(one).load.vessel_a, _port(one)))
    columns = _columns(scored)
    columns["settings_id"] = [settings_id] * len(scored)
    columns["reasons"] = weighing.reasons(scored)
    return PAIRS.table(columns)


def _of_callers(events: pa.Table, harbours: Harbours) -> pa.Table:
    """Return the events of vessels that called or could have called at a watched port: few of all."""
    there = pc.is_in(events.column("port_id"), pa.array(sorted(harbours.watched), pa.string()))
    callers = events.filter(pc.and_(there, pc.equal(events.column("kind"), "port_call"))).column("vessel_a")
    return events.filter(pc.is_in(events.column("vessel_a"), callers.unique()))


def _order(case: DeliveryCase) -> tuple[int, str, str]:
    return case.delivery.order


def _at(one: Scored[_Deliveries]) -> Delivery:
    """Return the delivery a lead was measured at."""
    return one.lead[one.best]


def _port(one: Scored[_Deliveries]) -> str:
    return _at(one).call.port_id or ""


def _columns(scored: Sequence[Scored[_Deliveries]]) -> dict[str, Any]:
    """Return the columns of the leads, in the order given, but for their reasons."""
    loads = [_at(one).load for one in scored]
    firsts = [min(min(one.load.start_time, one.call.start_time) for one in lead.lead) for lead in scored]
    lasts = [max(max(one.load.end_time, one.call.end_time) for one in lead.lead) for lead in scored]
    return {
        "pair_id": [pair_id(load.vessel_a, f"port:{_port(one)}") for load, one in zip(loads, scored, strict=True)],
        "vessel_a": [load.vessel_a for load in loads],
        "mmsi_a": [load.mmsi_a for load in loads],
        "name_a": [load.name_a for load in loads],
        "partner_kind": ["port"] * len(scored),
        "partner_id": [_port(one) for one in scored],
        "rank": range(1, len(scored) + 1),
        "score": [logistic(one.log_odds) for one in scored],
        "log_odds": [one.log_odds for one in scored],
        "confidence": ["low" if _at(one).call.inferred else "medium" for one in scored],
        "n_events": [len({delivery.load.event_id for delivery in one.lead}) for one in scored],
        "first_time": pa.array(firsts, pa.int64()).cast(TIME),
        "last_time": pa.array(lasts, pa.int64()).cast(TIME),
        "event_ids": [list(dict.fromkeys(i for delivery in one.lead for i in _ids(delivery))) for one in scored],
    }


def _ids(delivery: Delivery) -> list[str]:
    return [stop.event_id for stop in (delivery.load, delivery.silence, delivery.call) if stop is not None]
