"""The whole job as functions: `detect` from exports or frames to ranked pairs, `inspect` for a first look."""

from stsdetect.pipeline.following import Progress
from stsdetect.pipeline.inspection import Inspection, RejectList, RejectReason, inspect, inspect_rejects
from stsdetect.pipeline.job import Result, check_rejects, detect, run_job

__all__ = [
    "Inspection",
    "Progress",
    "RejectList",
    "RejectReason",
    "Result",
    "check_rejects",
    "detect",
    "inspect",
    "inspect_rejects",
    "run_job",
]
