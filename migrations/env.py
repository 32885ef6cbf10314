"""Alembic's way in: it is handed an open connection, by `csms.store.upgrading` or `migrations`."""

from alembic import context

from csms.store.tables import metadata


def _is_ours(
    _object: object, name: str | None, type_: str, reflected: bool, _compare_to: object
) -> bool:
    # Partitions are made while the server runs; tables.py knows only their parents.
    return not (type_ == "table" and reflected and name not in metadata.tables)


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    include_object=_is_ours,
    compare_server_default=True,
)
with context.begin_transaction():
    context.run_migrations()
