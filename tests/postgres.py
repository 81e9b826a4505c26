"""A real Postgres for tests: FACTSTORE_TEST_POSTGRES names a server to make databases in."""

import os
import secrets

from sqlalchemy import create_engine, make_url, text


def fresh_database() -> str:
    """The address of an empty database."""
    server = make_url(os.environ["FACTSTORE_TEST_POSTGRES"]).set(drivername="postgresql+psycopg")
    name = f"factstore_{secrets.token_hex(6)}"
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return server.set(drivername="postgresql", database=name).render_as_string(hide_password=False)
