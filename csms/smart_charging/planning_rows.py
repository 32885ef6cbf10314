"""The installation's rows as straight lines that a linear program understands. Values only.

A row says: the sum of coefficient × current stays below its limit. Real coefficients are taken as
they are (the sum is signed); complex ones are phasors and the length of their sum is limited. A
phasor row becomes a polygon inside the circle, so that what the lines allow, the circle allows.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, cos, pi
from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int32]
Coefficients = npt.NDArray[np.float64] | npt.NDArray[np.complex128]

CHORD_RAD: Final = pi / 15
"""One side of the polygon: 12 degrees, at most 0.55 % below the circle."""


@dataclass(frozen=True, slots=True)
class PlanningRows:
    """Rows prepared once per installation.

    Columns with equal coefficients form a class. `facets` holds lines × classes, `facet_row` the
    row that a line belongs to and `facet_share` the part of the row's limit that it may use.
    """

    row_count: int
    column_class: Ints
    facets: Floats
    facet_row: Ints
    facet_share: Floats

    @property
    def class_count(self) -> int:
        return int(self.facets.shape[1])

    def usage(self, amps: Floats) -> Floats:
        """What each line carries of a limit of 1: lines × blocks, from columns × blocks."""
        sums = np.zeros((self.class_count, amps.shape[1]))
        np.add.at(sums, self.column_class, amps)
        return np.asarray(self.facets @ sums / self.facet_share[:, None], dtype=np.float64)


def planning_rows(coefficients: Coefficients, chord_rad: float = CHORD_RAD) -> PlanningRows:
    """Prepare rows × columns, real or complex. Raises ValueError for another shape."""
    if coefficients.ndim != 2:
        raise ValueError("coefficients must be rows × columns")
    row_count = coefficients.shape[0]
    classes, column_class = _classes(coefficients)
    if not np.iscomplexobj(classes):
        facets = np.ascontiguousarray(classes, dtype=np.float64)
        own_row = np.arange(row_count, dtype=np.int32)
        return PlanningRows(row_count, column_class, facets, own_row, np.ones(row_count))
    lines: list[Floats] = []
    rows: list[int] = []
    shares: list[float] = []
    for index in range(row_count):
        normals, share = _normals(classes[index], chord_rad)
        for angle in normals:
            lines.append(np.real(classes[index] * np.exp(-1j * angle)))
            rows.append(index)
            shares.append(share)
    return PlanningRows(
        row_count,
        column_class,
        np.array(lines, dtype=np.float64).reshape(len(lines), classes.shape[1]),
        np.array(rows, dtype=np.int32),
        np.array(shares, dtype=np.float64),
    )


def _classes(coefficients: Coefficients) -> tuple[Coefficients, Ints]:
    """The distinct columns, in order of their first appearance, and which one each column is."""
    seen: dict[bytes, int] = {}
    column_class = np.empty(coefficients.shape[1], dtype=np.int32)
    first: list[int] = []
    for index, column in enumerate(np.round(coefficients.T, 9) + 0.0):
        key = column.tobytes()
        if key not in seen:
            seen[key] = len(first)
            first.append(index)
        column_class[index] = seen[key]
    return coefficients[:, first], column_class


def _normals(row: Coefficients, chord_rad: float) -> tuple[Floats, float]:
    """Directions of the polygon's sides over all angles that the sum can take, and cos(half)."""
    angles = np.unique(np.round(np.angle(row[np.abs(row) > 1e-12]), 9))
    if not angles.size:
        return np.empty(0), 1.0
    gaps = np.diff(np.append(angles, angles[0] + 2 * pi))
    widest = int(np.argmax(gaps))
    width = 2 * pi - float(gaps[widest])
    start = float(angles[(widest + 1) % angles.size])
    if width > pi - 1e-9:
        width = 2 * pi
    pieces = max(1, ceil(width / chord_rad - 1e-9))
    side = width / pieces
    normals = start + (np.arange(pieces, dtype=np.float64) + 0.5) * side
    return np.asarray(normals, dtype=np.float64), cos(side / 2)
