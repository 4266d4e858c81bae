"""VesselFinder: answers of its interface as JSON."""

from __future__ import annotations

from stsdetect.readers.json_layout import JsonLayout, with_size
from stsdetect.readers.times import zoned_utc

VESSELFINDER = JsonLayout(
    name="vesselfinder",
    title="VesselFinder API JSON",
    doc=(
        'Items {"AIS": {MMSI, TIMESTAMP, LATITUDE, LONGITUDE, COURSE, SPEED, ...}}. Speed in knots, draught in metres; '
        "A is to the bow, then stern, port, starboard. Heading 511 and IMO 0 stand for none."
    ),
    time_rule='TIMESTAMP is UTC and says so: "2017-08-11 11:17:37 UTC"; a time without a zone is rejected.',
    lost="ETA, LOCODE, zone, terrestrial or satellite; voyage and master data beside AIS.",
    names={
        "AIS.TIMESTAMP": "time",
        "AIS.LATITUDE": "lat",
        "AIS.LONGITUDE": "lon",
        "AIS.MMSI": "mmsi",
        "AIS.COURSE": "cog",
        "AIS.SPEED": "sog",
        "AIS.HEADING": "heading",
        "AIS.NAVSTAT": "nav_status",
        "AIS.IMO": "imo",
        "AIS.NAME": "name",
        "AIS.CALLSIGN": "callsign",
        "AIS.TYPE": "ship_type",
        "AIS.A": "to_bow",
        "AIS.B": "to_stern",
        "AIS.C": "to_port",
        "AIS.D": "to_starboard",
        "AIS.DRAUGHT": "draught",
        "AIS.DESTINATION": "destination",
    },
    required=("AIS.MMSI", "AIS.TIMESTAMP", "AIS.LATITUDE", "AIS.LONGITUDE"),
    times=zoned_utc,
    tidy=with_size,
)
