"""Rank vessel pairs by additive log-odds over documented indicators, each with a sentence."""

from stsdetect.score.rank import indicator_rows, rank, rank_pairs

__all__ = ["indicator_rows", "rank", "rank_pairs"]
