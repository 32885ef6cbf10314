"""Whose minimum comes first where not all fit and no plan tells: need, then an even load.

Those served least go first. Among equals the one goes first whose minimum loads the rows least
unevenly beside those before it: a mix of phases lets more of them in, and more energy through.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from csms.smart_charging.planning_rows import Coefficients, Floats


def balanced_order(
    rows: Coefficients,
    limits: Floats,
    minimum_a: Floats,
    classes: Sequence[Sequence[int]],
) -> list[int]:
    """All EVSEs in the order in which they get their minimum.

    `classes` are EVSEs of equal need, the neediest class first; the order within a class decides
    between those who would load the rows alike. Rows without a limit (inf) don't matter.
    """
    shares = rows * minimum_a / np.maximum(limits, 1e-9)[:, None]
    load = np.zeros(rows.shape[0], dtype=shares.dtype)
    order: list[int] = []
    for members in classes:
        left = list(members)
        while left:
            unevenness = (np.abs(load[:, None] + shares[:, left]) ** 2).sum(axis=0)
            chosen = left.pop(int(np.argmin(np.round(unevenness, 9))))
            load = load + shares[:, chosen]
            order.append(chosen)
    return order
