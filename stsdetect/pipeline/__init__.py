"""The whole job as functions: `detect` from exports or frames to ranked pairs, `inspect` for a first look."""

from stsdetect.pipeline.inspection import Inspection, inspect
from stsdetect.pipeline.job import Progress, Result, check_rejects, detect, run_job

__all__ = ["Inspection", "Progress", "Result", "check_rejects", "detect", "inspect", "run_job"]
