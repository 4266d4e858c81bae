"""Rank leads by additive log-odds over documented indicators, each with a sentence."""

from stsdetect.score.dark_leads import rank_dark
from stsdetect.score.deliveries import rank_deliveries
from stsdetect.score.rank import indicator_rows, rank, rank_pairs

__all__ = ["indicator_rows", "rank", "rank_dark", "rank_deliveries", "rank_pairs"]
