"""Fixed cells of the Earth, in rows of equal height: what is learned from the data is counted in them."""

from __future__ import annotations

import numpy as np

from stsdetect.kernels.sphere import Floats, Ints


class CellGrid:
    """Cells so many to a degree of latitude, and at least as wide as high wherever a neighbour of theirs may lie.

    A cell is a number: its row from the south pole times ``span``, and its column from 180 degrees west.

    Examples
    --------
    >>> grid = CellGrid(4)
    >>> cell = grid.cells(np.array([0.1]), np.array([179.9]))
    >>> [round(float(side[0]), 2) for side in grid.bounds(cell)]
    [179.75, 0.0, 180.0, 0.25]
    >>> -180.0 in grid.bounds(grid.around(cell)[0])[0]  # its neighbours lie beyond the antimeridian
    True
    """

    def __init__(self, rows_per_degree: int) -> None:
        self.rows_per_degree = rows_per_degree
        self.rows = 180 * rows_per_degree
        self.span = 1 << (360 * rows_per_degree).bit_length()
        number = np.arange(self.rows)
        # The width is set where the row and its two neighbours reach nearest a pole.
        south, north = (number - 1) / rows_per_degree - 90.0, (number + 2) / rows_per_degree - 90.0
        reach = np.minimum(np.maximum(np.abs(south), np.abs(north)), 90.0)
        whole = np.floor(360.0 * rows_per_degree * np.cos(np.radians(reach)))
        self.columns: Ints = np.maximum(whole, 1.0).astype(np.int64)

    def cells(self, lat_deg: Floats, lon_deg: Floats) -> Ints:
        """Return the cell that holds each place [degrees], shape (n,)."""
        row = np.clip(np.floor((lat_deg + 90.0) * self.rows_per_degree), 0, self.rows - 1).astype(np.int64)
        return row * self.span + self._column(row, lon_deg)

    def _column(self, row: Ints, lon_deg: Floats) -> Ints:
        count = self.columns[row]
        column: Ints = np.minimum((((lon_deg + 180.0) % 360.0) / 360.0 * count).astype(np.int64), count - 1)
        return column

    def bounds(self, cell: Ints) -> tuple[Floats, Floats, Floats, Floats]:
        """Return west, south, east and north [degrees] of cells, shape (n,) each."""
        row, column = cell // self.span, cell % self.span
        width = 360.0 / self.columns[row]
        south = row / self.rows_per_degree - 90.0
        return column * width - 180.0, south, (column + 1) * width - 180.0, south + 1.0 / self.rows_per_degree

    def middle(self, cell: Ints) -> tuple[Floats, Floats]:
        """Return latitude and longitude [degrees] of the middle of cells, shape (n,) each."""
        west, south, east, north = self.bounds(cell)
        return (south + north) / 2.0, (west + east) / 2.0

    def around(self, cell: Ints) -> Ints:
        """Return each cell and the eight around it, shape (n, 9); -1 beyond a pole, and for a cell named before.

        Every place within half a cell of the cell is in them.
        """
        row = cell // self.span
        lon = self.middle(cell)[1]
        found = []
        for step in (-1, 0, 1):
            there = row + step
            exists = (there >= 0) & (there < self.rows)
            there = np.clip(there, 0, self.rows - 1)
            count, middle = self.columns[there], self._column(there, lon)
            for side in (-1, 0, 1):
                # Close to a pole two or three of them are the same.
                new = exists & ((side == -1) | (count > side + 1))
                found.append(np.where(new, there * self.span + (middle + side) % count, -1))
        return np.column_stack(found)
