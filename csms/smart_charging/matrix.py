"""The same fair shares for plain numbers: any rows over any EVSEs, without an installation.

For tools that know a network only as a matrix: |row · amperes| <= limit, coefficients real or
complex (phasors, where EVSEs hang between lines or behind a transformer).
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from csms.smart_charging.line_currents import LineRows, Phasors, half_planes
from csms.smart_charging.rows import LinearRows, Rows
from csms.smart_charging.sharing import Bounds, share
from csms.smart_charging.topology import Floats, Ints

_MAX_DIRECTIONS: Final = 8
_SECTORS: Final = 24
_NEGLIGIBLE: Final = 1e-12
_ALIGNED: Final = 1e-9


def allocate_matrix(
    rows: npt.ArrayLike,
    row_limits: npt.ArrayLike,
    *,
    min_a: npt.ArrayLike,
    max_a: npt.ArrayLike,
    step_a: npt.ArrayLike = 1.0,
    weight: npt.ArrayLike = 1.0,
    priority: npt.ArrayLike = 0,
    turn: npt.ArrayLike | None = None,
    hold: npt.ArrayLike = False,
    target_a: npt.ArrayLike = np.nan,
    wants: npt.ArrayLike = True,
    strict: bool = False,
    continuous: bool = False,
) -> Floats:
    """Amperes per EVSE (column), 0 for one that can't get its minimum.

    Every row holds for the result and for whatever less is drawn: where coefficients oppose each
    other, one EVSE's current is never relied on to balance another's. Arguments are as in
    `Demands`, one value for all or one each. Raises ValueError for what can't be.
    """
    matrix = np.atleast_2d(np.asarray(rows))
    limits = np.atleast_1d(np.asarray(row_limits, np.float64))
    if matrix.ndim != 2 or limits.shape != matrix.shape[:1]:
        raise ValueError("rows must be rows × EVSEs, with one limit for each row")
    if np.isnan(limits).any() or not np.isfinite(matrix).all():
        raise ValueError("coefficients must be numbers, and limits numbers or inf for none")
    size = matrix.shape[1]

    def each(value: npt.ArrayLike) -> Floats:
        return np.broadcast_to(np.asarray(value, np.float64), (size,)).copy()

    bounds = Bounds.of_values(
        wants=each(wants) > 0,
        min_a=each(min_a),
        max_a=each(max_a),
        step_a=each(step_a),
        weight=each(weight),
        priority=each(priority).astype(np.intp),
        turn=np.arange(size, dtype=np.float64) if turn is None else each(turn),
        hold=each(hold) > 0,
        target_a=each(target_a),
        continuous=continuous,
    )
    limited = np.isfinite(limits)
    blocks = matrix_rows(matrix[limited], np.maximum(limits[limited], 0.0), bounds.possible)
    return share(blocks, bounds, strict=strict).limit_a


def matrix_rows(
    matrix: npt.NDArray[np.generic], capacity: Floats, evses: npt.NDArray[np.bool_]
) -> list[Rows]:
    """Rows along one line of the complex plane are plain sums, the others sums of phasors."""
    full = np.where(evses, np.asarray(matrix, np.complex128), 0.0)
    full[np.abs(full) <= _NEGLIGIBLE] = 0.0
    first = np.take_along_axis(full, (full != 0).argmax(axis=1)[:, None], 1)
    along = full * np.conj(first)
    bent = (np.abs(along.imag) > _ALIGNED * np.abs(along)).any(axis=1)
    size = np.where(bent[:, None], 0.0, np.abs(full))
    stacked = np.concatenate(
        (np.where(along.real > 0, size, 0.0), np.where(along.real < 0, size, 0.0))
    )
    row, evse = np.nonzero(stacked)
    blocks: list[Rows] = [LinearRows.build(evse, stacked[row, evse], row, np.tile(capacity, 2))]
    if bent.any():
        blocks.append(_phasor_rows(full[bent], capacity[bent]))
    return [rows for rows in blocks if len(rows.capacity)]


def _phasor_rows(matrix: Phasors, capacity: Floats) -> LineRows:
    directions, parts = [], []
    for number, coefficients in enumerate(matrix):
        found, evse, size, part = _directions(coefficients)
        directions.append(found)
        parts.append((np.full(len(evse), number), evse, size, part))
    most = max(len(found) for found in directions)
    padded = np.zeros((len(matrix), most), np.complex128)
    for number, found in enumerate(directions):
        padded[number, : len(found)] = found
    row, evse, size, part = (np.concatenate(column) for column in zip(*parts, strict=True))
    base = np.zeros((len(matrix), most + 1))
    return LineRows(capacity, half_planes(padded), base, evse, size, row, part)


def _directions(coefficients: Phasors) -> tuple[Phasors, Ints, Floats, Ints]:
    """(unit phasors, EVSE, size, which phasor): every coefficient as a sum of the unit phasors.

    Where there are too many directions, each is split into those beside it on a fixed rose. The
    sum of all stays exact; for selections of EVSEs it errs on the safe side.
    """
    evse = np.flatnonzero(coefficients)
    size, angle = np.abs(coefficients[evse]), np.angle(coefficients[evse])
    _, first, part = np.unique(np.round(angle, 9), return_index=True, return_inverse=True)
    if len(first) <= _MAX_DIRECTIONS:
        return np.exp(1j * angle[first]), evse, size, part
    sector = 2 * np.pi / _SECTORS
    before = np.floor(angle / sector)
    beyond = angle - before * sector
    shares = np.concatenate((np.sin(sector - beyond), np.sin(beyond))) / np.sin(sector)
    part = np.concatenate((before, before + 1)).astype(np.intp) % _SECTORS
    rose = np.exp(1j * sector * np.arange(_SECTORS))
    return rose, np.tile(evse, 2), np.tile(size, 2) * shares, part
