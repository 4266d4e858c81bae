"""The sample is what the recipe makes, byte for byte, and small."""

from __future__ import annotations

from pathlib import Path

from stsdetect.simulate import write_sample

SAMPLE = Path(__file__).parents[2] / "sample_ais"


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_recipe_makes_the_sample_byte_for_byte(tmp_path):
    write_sample(tmp_path, seed=0)
    kept = files(SAMPLE)
    recipe = kept.pop("RECIPE.txt").decode()
    assert "stsdetect simulate --preset sample --seed 0 --out sample_ais" in recipe
    assert files(tmp_path) == kept


def test_the_sample_holds_four_layouts_in_under_5_megabytes():
    kept = files(SAMPLE)
    assert {Path(name).parts[0] for name in kept} == {"noaa", "noaa2025", "dma", "nmea", "truth.json", "RECIPE.txt"}
    assert sum(map(len, kept.values())) < 5_000_000
