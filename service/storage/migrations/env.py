"""Alembic's entry: runs the migrations on the connection that `service.storage.migrate` hands over."""

from typing import Any, Literal

from alembic import context

from service.storage.tables import metadata
from service.storage.tables.base import Utc


def _render(_kind: str, item: Any, _autogen: object) -> str | Literal[False]:
    """A migration must not change its meaning when our own types do."""
    return "sa.DateTime()" if isinstance(item, Utc) else False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite cannot alter a column in place
    render_item=_render,
)
with context.begin_transaction():
    context.run_migrations()
