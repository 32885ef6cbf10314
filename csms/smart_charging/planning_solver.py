"""HiGHS, told to solve one linear program in one thread within a time limit."""

from __future__ import annotations

from dataclasses import dataclass

import highspy
import numpy as np

from csms.smart_charging.planning_program import Program
from csms.smart_charging.planning_rows import Floats


@dataclass(frozen=True, slots=True)
class Solution:
    """The optimum and how it was found."""

    values: Floats
    objective: float
    status: str


def solve(program: Program, time_limit_s: float) -> Solution | None:
    """The optimum; None if it isn't found in time or there is none."""
    solver = highspy.Highs()  # type: ignore[no-untyped-call]  # its constructor has no types
    for option, value in (
        ("output_flag", False),
        ("threads", 1),
        ("random_seed", 0),
        ("solver", "simplex"),
        # It finds little here and costs as much as it saves.
        ("presolve", "off"),
        # Devex: the exact steepest edge costs a third more than it saves.
        ("simplex_dual_edge_weight_strategy", 1),
        ("time_limit", time_limit_s),
    ):
        solver.setOptionValue(option, value)
    column_count, row_count = program.cost.size, program.row_lower.size
    passed = solver.passModel(
        column_count,
        row_count,
        program.values.size,
        int(highspy.MatrixFormat.kColwise),
        int(highspy.ObjSense.kMinimize),
        0.0,
        program.cost,
        program.lower,
        program.upper,
        program.row_lower,
        program.row_upper,
        program.starts,
        program.indices,
        program.values,
        np.zeros(column_count, dtype=np.int32),
    )
    if passed == highspy.HighsStatus.kError:
        return None
    solver.run()
    status = solver.getModelStatus()
    if status != highspy.HighsModelStatus.kOptimal:
        return None
    values = np.array(solver.getSolution().col_value)
    return Solution(values, solver.getObjectiveValue(), solver.modelStatusToString(status))
