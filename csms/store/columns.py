"""What all tables share: their metadata and the kinds of their columns."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, DateTime, ForeignKey, Integer, MetaData, Numeric, func

metadata: Final = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

ENERGY_WH: Final = Numeric(16, 4)
PRICE: Final = Numeric(12, 6)
"""Per kWh, in the site's currency."""
MONEY: Final = Numeric()
"""An exact amount."""
UTC: Final = DateTime(timezone=True)


def now(name: str) -> Column[object]:
    """Return a column that holds when its row was made, unless told otherwise."""
    return Column(name, UTC, nullable=False, server_default=func.now())


def charge_point_key(*, primary_key: bool = False) -> Column[object]:
    """Return the column of what belongs to a charge point and goes with it."""
    return Column(
        "charge_point_key",
        Integer,
        ForeignKey("charge_points.key", ondelete="CASCADE"),
        primary_key=primary_key,
        nullable=False,
    )
