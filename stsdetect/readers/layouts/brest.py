"""Brest: the Heterogeneous Integrated Dataset of the French Naval Academy, nari_dynamic.csv and nari_static.csv."""

from __future__ import annotations

from stsdetect.readers.layout import TextLayout, placeless
from stsdetect.readers.times import epoch_s_utc

_TIME_RULE = "t is Unix time in seconds, UTC."

BREST_DYNAMIC = TextLayout(
    name="brest_dynamic",
    title="Brest research set, nari_dynamic.csv",
    doc=(
        "Header sourcemmsi,navigationalstatus,rateofturn,speedoverground,courseoverground,trueheading,lon,lat,t. "
        "Longitude stands before latitude."
    ),
    time_rule=_TIME_RULE,
    lost="rate of turn. Names and types are in nari_static.csv: give both files, or the folder.",
    names={
        "sourcemmsi": "mmsi",
        "navigationalstatus": "nav_status",
        "speedoverground": "sog",
        "courseoverground": "cog",
        "trueheading": "heading",
        "lon": "lon",
        "lat": "lat",
        "t": "time",
    },
    required=("sourcemmsi", "lon", "lat", "t"),
    times=epoch_s_utc,
)

BREST_STATIC = TextLayout(
    name="brest_static",
    title="Brest research set, nari_static.csv",
    doc=(
        "Header sourcemmsi,imonumber,callsign,shipname,shiptype,tobow,tostern,tostarboard,toport,... (from memory: "
        "confidence medium). Starboard stands before port; they are read by name. Every row is a static report."
    ),
    time_rule=_TIME_RULE,
    lost="ETA, mother ship.",
    names={
        "sourcemmsi": "mmsi",
        "imonumber": "imo",
        "callsign": "callsign",
        "shipname": "name",
        "shiptype": "ship_type",
        "tobow": "to_bow",
        "tostern": "to_stern",
        "tostarboard": "to_starboard",
        "toport": "to_port",
        "draught": "draught",
        "destination": "destination",
        "t": "time",
    },
    required=("sourcemmsi", "imonumber", "shipname", "t"),
    without=("lon", "lat"),
    times=epoch_s_utc,
    tidy=placeless,
    apart=False,
)
