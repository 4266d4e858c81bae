"""The groups of settings: one frozen model per stage."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from stsdetect.errors import shown
from stsdetect.profiles import DEFAULT, GREATEST_WEIGHT
from stsdetect.units import parse_bytes, parse_duration

Duration = Annotated[float, BeforeValidator(lambda value: parse_duration(value))]
Bytes = Annotated[int, BeforeValidator(lambda value: parse_bytes(value))]
#: Names in a list, or in one text with commas between them.
Names = Annotated[
    tuple[str, ...],
    BeforeValidator(lambda value: [part.strip() for part in value.split(",")] if isinstance(value, str) else value),
]
#: Log-odds by indicator.
Weights = dict[str, Annotated[float, Field(ge=-GREATEST_WEIGHT, le=GREATEST_WEIGHT, allow_inf_nan=False)]]


class Group(BaseModel):
    """What all groups share: unknown names are refused, and nothing changes once it is made."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True, allow_inf_nan=False)

    @field_validator("*", mode="before")
    @classmethod
    def _is_text(cls, value: Any) -> Any:
        """Refuse what ``run.json`` cannot hold: a file may be called so."""
        texts = (*value, *value.values()) if isinstance(value, dict) else (value,)
        if any(isinstance(text, str) and shown(text) != text for text in texts):
            raise ValueError("it is not UTF-8; if a file is called so, rename it")
        return value


#: How exports write speed.
SpeedUnit = Literal["kn", "0.1kn", "m/s", "km/h"]


class ReadSettings(Group):
    """What is read, and how a table that no layout recognises is mapped."""

    columns: dict[str, str] = Field(default_factory=dict)
    """Column map for other tables: our name = the table's name, such as lat = "Latitude_degrees"."""
    day_first: bool | None = None
    """For mapped tables: whether 03/04/2021 is 3 April; needed only where the data leave it open."""
    utc_offset_h: float | None = Field(default=None, ge=-14, le=14)
    """Hours ahead of UTC of times without a zone [h]: for mapped tables (unset: 0), and for layouts in local time."""
    layout: str | None = None
    """Read files as this layout, where several claim one; `stsdetect about formats` lists the names."""
    speed_unit: SpeedUnit | None = None
    """Unit of speeds where the layout leaves it open, and of mapped tables (unset: knots)."""
    start_time: str | None = None
    """For NMEA without any time: the UTC time of its first message, such as 2024-03-01T00:00:00Z."""
    max_reject_share: float = Field(default=0.5, ge=0, le=1)
    """Above this share of rejected rows the command ends with exit code 4 (its output is written)."""


class CleanSettings(Group):
    """Which reports are believed, and how tracks are cut."""

    max_speed_kn: float = Field(default=60.0, gt=0)
    """A jump faster than this between two fixes is impossible [kn]; fast ferries reach about 50."""
    jump_slack_m: float = Field(default=1000.0, ge=0)
    """Distance granted on top of max_speed_kn for position error and coarse clocks [m]."""
    max_silence_s: Duration = Field(default=7200.0, gt=0)
    """A longer silence ends a segment [s]."""
    min_chain_fixes: int = Field(default=3, ge=2)
    """A second hull on one MMSI needs at least this many fixes; fewer are teleports."""
    near_repeat_s: Duration = Field(default=1.0, ge=0)
    """Of reports of one hull within this time of each other only the first is used [s]."""
    speed_window_s: Duration = Field(default=120.0, gt=0)
    """Speed from positions looks at least this far to both sides of a fix [s]."""


class EncounterSettings(Group):
    """When two vessels count as having met."""

    max_distance_m: float = Field(default=500.0, gt=0, le=10_000)
    """Greatest distance between antennas [m]; Global Fishing Watch publishes 500."""
    min_duration_s: Duration = Field(default=3600.0, ge=0)
    """Least time in contact [s]."""
    max_speed_kn: float = Field(default=2.0, gt=0)
    """Both slower than this from positions [kn]; Global Fishing Watch publishes a median of 2."""
    under_way_max_speed_kn: float = Field(default=5.0, gt=0)
    """Greatest speed of a transfer under way [kn]."""
    under_way_parallel_deg: float = Field(default=20.0, gt=0, le=90)
    """Greatest difference of courses of a transfer under way [degrees]."""
    under_way_hull_gap_m: float = Field(default=60.0, gt=0)
    """Hulls under way must possibly be closer than this [m]."""
    under_way_abeam_deg: float = Field(default=45.0, gt=0, le=90)
    """Under way the other vessel must bear within this of abeam [degrees]: a tow or convoy lies astern."""
    observed_bracket_s: Duration = Field(default=900.0, gt=0)
    """Fixes of both vessels at most this far apart count as observed [s]."""
    inferred_bracket_s: Duration = Field(default=7200.0, ge=0)
    """Fixes at most this far apart count as inferred where all four are slow and in range [s]."""
    max_break_s: Duration = Field(default=900.0, ge=0)
    """Contacts of one pair this close in time are one event [s]."""
    position_error_m: float = Field(default=10.0, ge=0)
    """Error of one antenna position [m]; AIS calls a fix accurate below 10 m."""

    @model_validator(mode="after")
    def _ordered(self) -> EncounterSettings:
        if self.under_way_max_speed_kn < self.max_speed_kn:
            raise ValueError("under_way_max_speed_kn must be at least max_speed_kn")
        return self


class LoiteringSettings(Group):
    """When one vessel counts as lying still."""

    max_speed_kn: float = Field(default=2.0, gt=0)
    """Slower than this from positions [kn]."""
    min_duration_s: Duration = Field(default=3600.0, ge=0)
    """Least time [s]."""
    observed_bracket_s: Duration = Field(default=900.0, gt=0)
    """Fixes at most this far apart count as observed [s]."""
    inferred_bracket_s: Duration = Field(default=7200.0, ge=0)
    """Fixes at most this far apart count as inferred [s]."""
    max_break_s: Duration = Field(default=900.0, ge=0)
    """Slow stretches this close in time are one event [s], where the vessel did not go on from one place to another."""


class GapSettings(Group):
    """When a silence is kept."""

    min_duration_s: Duration = Field(default=21600.0, gt=0)
    """A silence from this long is a gap [s]."""
    keep_from_s: Duration = Field(default=7200.0, gt=0)
    """Shorter silences from this long are kept with subtype short [s]."""

    @model_validator(mode="after")
    def _ordered(self) -> GapSettings:
        if self.keep_from_s > self.min_duration_s:
            raise ValueError("keep_from_s must not exceed min_duration_s")
        return self


class CoverageSettings(Group):
    """How silences are judged by what else was heard there."""

    days: int = Field(default=30, ge=1)
    """How well a place is heard is counted over this many days before and after the silence [d]."""
    min_hulls: int = Field(default=3, ge=1)
    """A silence is called dark only where at least this many other hulls tell that the place was heard (our choice)."""
    jamming_hulls: int = Field(default=5, ge=2)
    """So many hulls that send impossible places around one place in one hour are jamming (our choice)."""
    baseline_file: str | None = None
    """A ``coverage.parquet`` of earlier days, such as last month's, put before what the data tell themselves. Of a cell
    and day that both have, that with more hull-hours counts; days more than `days` from those of the data do not."""


class PortCallSettings(Group):
    """When a stay is a call at a port, when a silence could hide one, and which ports matter."""

    max_speed_kn: float = Field(default=1.0, gt=0)
    """Slower than this from positions [kn]: moored or at anchor (our choice; a swinging hull makes less)."""
    min_duration_s: Duration = Field(default=3600.0, ge=0)
    """Least time at the port [s]."""
    radius_km: float = Field(default=10.0, gt=0, le=100)
    """A port's waters reach this far from its point [km]: piers, roads and the buoys of its terminals, which lie some
    kilometres off (our choice)."""
    berth_km: float = Field(default=5.0, ge=0)
    """Farther off than this a call has the remark roads [km]: it may only have waited (our choice)."""
    observed_bracket_s: Duration = Field(default=900.0, gt=0)
    """Fixes at most this far apart count as observed [s]."""
    inferred_bracket_s: Duration = Field(default=21600.0, ge=0)
    """Fixes at most this far apart, both still and at the port, count as inferred [s]; as long as no gap."""
    max_break_s: Duration = Field(default=3600.0, ge=0)
    """Stays at one port this close in time are one call [s]: time to shift from the roads to a berth (our choice)."""
    supply_roles: tuple[str, ...] = ("product", "supplier", "load port", "oil", "OFAC 2019 list")
    """A port is a supply port where its role holds one of these."""
    hidden_countries: tuple[str, ...] = ("KP",)
    """Ports of these countries, as the ports file writes them, are looked for behind silences, and supply nobody."""
    hidden_least_stay_s: Duration = Field(default=28800.0, ge=0)
    """A silence must leave this much time at a port [s]: 3,000 t at 500 t/h and two hours to moor (our choice)."""
    hidden_max_silence_s: Duration = Field(default=1296000.0, gt=0)
    """A longer silence says nothing about where it was spent [s]; 15 days (our choice)."""
    hidden_reach_km: float = Field(default=15.0, ge=0, le=100)
    """Being this close to a port's point is being there [km]: its buoys lie some kilometres off (our choice)."""
    delivery_max_s: Duration = Field(default=1296000.0, gt=0)
    """A call in one of hidden_countries at most this long after loading may be a direct delivery [s]; 15 days."""

    @model_validator(mode="after")
    def _ordered(self) -> PortCallSettings:
        if self.berth_km > self.radius_km:
            raise ValueError("berth_km must not exceed radius_km")
        return self


class DarkSettings(Group):
    """When two hulls of which one or both were silent count as possibly having met."""

    min_loitering_s: Duration = Field(default=7200.0, gt=0)
    """A visible hull must lie still for this long before a silent partner is looked for [s]; transfers of fuel at sea
    take hours (our choice)."""
    min_stay_s: Duration = Field(default=5400.0, ge=0)
    """The silence must leave at least this long for being together [s]: 2 h less half an hour for the edges of
    silences and of loitering (our choice)."""
    max_silence_s: Duration = Field(default=864000.0, gt=0)
    """Longer silences are not paired [s]: in ten days at 12 kn a hull can be nearly anywhere (our choice)."""
    max_quiet_s: Duration = Field(default=43200.0, ge=0)
    """A silence up to this long, before and after which a hull lay still at about one place (within 2 km, or 1 kn of
    drift), belongs to its stay there, as where it is heard every few hours by satellite [s] (our choice)."""
    apart_m: float = Field(default=500.0, ge=0)
    """Together is at most this far apart [m], as in ``encounters.max_distance_m``."""
    drift_kn: float = Field(default=5.0, ge=0)
    """Two silent hulls that are together sail no faster than this [kn], as in ``encounters.under_way_max_speed_kn``."""
    min_length_m: float = Field(default=30.0, ge=0)
    """Hulls known to be shorter neither give nor take cargo [m]; the smallest tankers are about 30 m."""
    carriers: tuple[Literal["tanker", "cargo"], ...] = Field(default=("tanker",), min_length=1)
    """Hulls that carry what is looked for, by broadcast type: tanker (80-89), cargo (70-79)."""
    cargo: bool = True
    """Whether cargo ships and hulls of type 90-99 may be partners of carriers and of hulls that show no type."""
    max_candidates: int = Field(default=10, ge=1)
    """Candidates listed for a visible loiterer, best first; the first `max_partners` with the area they can reach."""
    max_partners: int = Field(default=5, ge=1)
    """Two silences make a row if each is among this many best partners of the other."""
    max_rivals: int = Field(default=1000, ge=1)
    """With more rivals a place is a crowd: only the best `max_partners` are listed for a loiterer, and nothing for
    two silences (our choice)."""
    min_score: float = 3.0
    """Two silences make a row from this candidate score, a sum of log-odds without a base term (our choice: what has
    less stands far below any lead that is looked at; see `stsdetect.detect.dark_score`)."""
    min_signature: float = Field(default=0.6, ge=0, le=1)
    """A loiterer without a candidate gives a row with an unknown partner from this signature."""
    shore: bool = True
    """Whether loitering at berths is left out, and land is cut from polygons of reach."""


class IdentitySettings(Group):
    """When what a hull says of itself, or where it says it is, is called odd; all values are our choice."""

    min_hold_s: Duration = Field(default=21600.0, ge=0)
    """A name, call sign, IMO number or size counts once broadcast this long: errors are corrected within hours [s]."""
    flip_flops: int = Field(default=4, ge=2)
    """... or where it changes to and fro between the same two values this often."""
    imo_from_length_m: float = Field(default=50.0, gt=0)
    """Merchant ships from this length must have an IMO number: SOLAS XI-1/3 says 300 GT, about 45 to 50 m [m]."""
    silence_s: Duration = Field(default=21600.0, gt=0)
    """Hand-over: one identity silent, the other not heard before, for this long [s]."""
    hand_over_s: Duration = Field(default=64800.0, gt=0)
    """Greatest time from the last fix of one to the first of the other [s]."""
    hand_over_speed_kn: float = Field(default=15.0, gt=0)
    """Greatest speed between these two fixes [kn]; laden coasters and product tankers make 8 to 15."""
    hand_over_port_km: float = Field(default=20.0, ge=0)
    """Both fixes must lie this far from any known port [km]: in port ships are switched on and off."""
    hand_over_rivals: int = Field(default=3, ge=0)
    """No hand-over is raised where more other identities could as well have been the second [count]."""
    spoofed_for_s: Duration = Field(default=1800.0, gt=0)
    """A position that contradicts the vessel's own speed must do so for this long [s]."""
    contradiction_kn: float = Field(default=5.0, gt=0)
    """Positions must be faster than SOG by this to contradict it [kn]."""
    smooth_for_s: Duration = Field(default=10800.0, gt=0)
    """A track without any noise must last this long [s]."""
    inland_km: float = Field(default=5.0, gt=0)
    """On land means this far from the shoreline, which is good to 0.4 km [km]."""
    away_km: float = Field(default=20.0, gt=0)
    """A jump counts from this distance [km]."""
    crowd_hulls: int = Field(default=3, ge=1)
    """Where so many other hulls near by show the same fault in the same hour it is called jamming."""
    crowd_km: float = Field(default=100.0, gt=0)
    """... near by: within this distance [km]."""


class ChainSettings(Group):
    """How a cargo may pass from vessel to vessel."""

    max_days: float = Field(default=30.0, gt=0)
    """Greatest time from one step to the next [d]: a cargo is seldom kept aboard for longer (our choice)."""
    max_vessels: int = Field(default=4, ge=1, le=8)
    """Most vessels of a chain."""
    min_strength: float = Field(default=0.3, ge=0, le=1)
    """Weaker steps make no chain, 0..1; a meeting is as strong as the score of its pair (our choice)."""
    max_inferred: int = Field(default=2, ge=0)
    """Most steps of a chain that nobody saw: with more in a row nearly any two vessels can be joined (our choice; in
    simulated months two chains of three had more, and one planted chain in twenty)."""
    sink_categories: tuple[str, ...] = ("dprk_waters",)
    """A vessel seen in a zone of these categories ends a chain."""


class ContextSettings(Group):
    """Zones, ports, shore, berths and anchorages."""

    zones_file: str | None = None
    """Your own zones (anything GeoPandas reads, a column id or name); replaces the packaged ones."""
    ports_file: str | None = None
    """Your own ports (World Port Index CSV, or name, lat, lon); replaces the packaged ones."""
    within_zone_km: float | None = Field(default=None, ge=0)
    """Keep only encounters and loiterings at most this far from a zone [km]; unset keeps all."""
    berth_shore_km: float = Field(default=0.5, ge=0)
    """Still this close to the shoreline, or on land, counts as at a berth [km]."""
    berth_port_km: float = Field(default=8.0, ge=0)
    """... when a port is at most this far [km], or none is known within 50 km of it."""
    berth_crowd_hulls: int = Field(default=10, ge=2)
    """From this many hulls at the berths of one port on one day, contact among them is summed up (our choice)."""
    anchorage_hulls: int = Field(default=3, ge=1)
    """From this many other still hulls nearby a place counts as an anchorage."""
    anchorage_days: int = Field(default=30, ge=1)
    """Still hulls are counted over this many days up to the event [d]."""


class CalibrationSettings(Group):
    """For which leads the weights were calibrated on labels; a model (`stsdetect fit`) brings it."""

    weights_id: str = Field(min_length=1)
    """Digest of the weights that were calibrated: with others it says nothing."""
    kinds: Names = Field(min_length=1)
    """Base terms of the kinds of lead that were calibrated."""
    low: float
    """Log-odds of the weakest lead that was judged."""
    high: float
    """Log-odds of the strongest lead that was judged."""


class ScoreSettings(Group):
    """The first, additive score: weights are log-odds (natural logarithm)."""

    profile: str = DEFAULT
    """What is looked for: the name of a packaged profile (`stsdetect about profiles`), or a file of your own."""
    weights: Weights = Field(default_factory=dict)
    """Changed weights by indicator name; `stsdetect about indicators` lists the names."""
    calibration: CalibrationSettings | None = None
    """For which leads the weights were calibrated on labels; `--model` sets it, with the weights."""
    profile_weights: Weights = Field(default_factory=dict)
    """Weights that the profile says differ from the usual; they also decide which of correlated indicators counts in
    full, which ``weights`` does not."""
    groups: dict[str, str] = Field(default_factory=dict)
    """Groups of correlated indicators that the profile says differ from the usual, by indicator name."""
    carriers: tuple[Literal["tanker", "cargo"], ...] = Field(default=("tanker",), min_length=1)
    """What carries the cargo, by broadcast type: tanker (80-89), cargo (70-79)."""
    cargo: str = Field(default="oil", min_length=1, max_length=24, pattern=r"^[A-Za-z][A-Za-z -]*$")
    """What it is, as roles of ports and sentences name it."""
    trade: Literal["import", "export"] = "import"
    """Import: loaded at a supply port, landed at a watched one. Export: loaded at a watched port, landed at a port
    whose role holds one of ``port_calls.supply_roles``."""
    zone_uses: tuple[str, ...] = ()
    """Packaged zones count only where they are said to matter for one of these; empty: all count."""
    transfer_from_h: float = Field(default=2.0, gt=0)
    """A transfer takes at least about so long [h]: 600 t at 300 t/h."""
    transfer_to_h: float = Field(default=10.0, gt=0)
    """... and at most about so long [h]: 2,000 t at 200 t/h."""
    parcel: str = Field(
        default="600 to 2,000 t take to pump", min_length=1, max_length=60, pattern=r"^[A-Za-z0-9][A-Za-z0-9 ,./%-]*$"
    )
    """What takes so long, as sentences say it."""
    large_m: float = Field(default=150.0, gt=0)
    """Longer hulls make no direct deliveries as a rule [m]; those known to have are 60 to 150 m long."""

    @model_validator(mode="after")
    def _ordered(self) -> ScoreSettings:
        if self.transfer_to_h <= self.transfer_from_h:
            raise ValueError("transfer_to_h must exceed transfer_from_h")
        return self


class VolumeSettings(Group):
    """How much may have changed hands, and what the ledger counts."""

    draws: int = Field(default=1000, ge=100, le=100_000)
    """Draws of each volume [count]; 1,000 tell the ends of an interval to about 1 % of probability (our choice)."""
    seed: int = Field(default=2397, ge=0, lt=2**63)
    """Seed of the draws; with it and the id of an event its draws are the same in every run."""
    interval: float = Field(default=0.9, gt=0, lt=1)
    """Share of the draws between low and high, 0..1."""
    products: Names = Field(default=("gas/diesel oil", "gasoline"), min_length=1)
    """Barrels per tonne are drawn evenly from the least to the greatest factor of these products, with commas between
    (UN statistics: gasoline, kerosene, jet fuel, gas/diesel oil, naphtha, residual fuel oil and so on). Between gas
    oil (7.23) and gasoline (8.5) lie kerosene and what the UN committee counts by (8.33)."""
    unrelated: float = Field(default=0.2, ge=0.01, lt=1)
    """Share of typed changes of draught that are not of the transfer: stale, mistyped, fuel or ballast (our choice)."""
    from_score: float = Field(default=0.01, ge=0, le=1)
    """Leads from this score on have a volume and are in the ledger: weaker ones are two of three, and together weigh
    as much as four transfers a month in simulated months (our choice)."""
    min_score: float = Field(default=0.98, ge=0, le=1)
    """The ledger takes leads from this score on as real. In eight simulated months 190 of 307 of them were of what was
    planted; from 0.9 on 226 of 770, from 0.99 on 168 of 246. `python -m tests.evaluate.volumes` counts anew."""
    max_deadweight_t: float = Field(default=15000.0, gt=0)
    """The ledger leaves out transfers whose smaller hull holds more [t]: the largest cargo of a published case is
    14,039 t, of which four ships took parts (Lighthouse Winmore, 2017)."""
    apart_s: Duration = Field(default=43200.0, ge=0)
    """Meetings of the same two hulls at most this far apart are one transfer [s] (our choice)."""


class RunSettings(Group):
    """How the work is cut; results do not depend on it."""

    workers: int | None = Field(default=None, ge=1, le=256)
    """Threads that work side by side; unset means one per core, at most 8."""
    memory: Bytes | None = Field(default=None, ge=500_000_000)
    """About as much memory as the work may take, such as 2GB; what does not fit waits in Parquet files in TMPDIR.
    Unset means a quarter of the machine's, at least 2GB."""
    partition_s: Duration = Field(default=86400.0, ge=60)
    """Greatest length of time searched for contact at once [s]; less where memory asks for it."""
    compiled: Literal["auto", "always", "never"] = "auto"
    """Whether loops are compiled (needs numba: the extra ``fast``); the first time on a machine that takes about half a
    minute. Auto: for inputs of 40 MB or more, and of 1 GB or more where they have not been compiled yet."""
