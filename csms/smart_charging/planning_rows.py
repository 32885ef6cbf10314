"""The installation's rows as straight lines that a linear program understands. Values only.

A row says: the sum of coefficient × current stays below its limit in size, and so does the sum of
whatever part of it is drawn: no EVSE is relied on to balance another. Complex coefficients are
phasors; the circle that their sum stays in becomes a polygon inside it.
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

_NEGLIGIBLE: Final = 1e-12
_ALIGNED: Final = 1e-9
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
    lines: list[Floats] = []
    rows: list[int] = []
    shares: list[float] = []
    for index in range(row_count):
        normals, share = _normals(classes[index], chord_rad)
        for angle in normals:
            lines.append(np.maximum(np.real(classes[index] * np.exp(-1j * angle)), 0.0))
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
    angles = np.unique(np.round(np.angle(row[np.abs(row) > _NEGLIGIBLE]), 9))
    if not angles.size:
        return np.empty(0), 1.0
    if (np.abs(np.sin(angles - angles[0])) < _ALIGNED).all():
        opposite = np.cos(angles - angles[0]) < 0
        return np.concatenate((angles[~opposite][:1], angles[opposite][:1])), 1.0
    gaps = np.diff(np.append(angles, angles[0] + 2 * pi))
    widest = int(np.argmax(gaps))
    start, width = float(angles[(widest + 1) % angles.size]), 2 * pi - float(gaps[widest])
    if width > pi - _ALIGNED:
        width = 2 * pi
    pieces = max(1, ceil(width / chord_rad - _ALIGNED))
    side = width / pieces
    normals = start + (np.arange(pieces, dtype=np.float64) + 0.5) * side
    return np.asarray(normals, dtype=np.float64), cos(side / 2)
