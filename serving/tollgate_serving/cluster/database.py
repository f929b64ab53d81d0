"""The database of the MLflow server: its address, and waiting for it."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from tollgate_serving.ending import pause
from tollgate_serving.errors import UserError
from tollgate_serving.fetch import one_line

if TYPE_CHECKING:
    from sqlalchemy.engine import URL, Engine

#: Environment variable with the database's address; MLflow's own, so that no argument holds a password.
VARIABLE = "MLFLOW_BACKEND_STORE_URI"
#: For one connection, in seconds.
CONNECT_SECONDS = 5


def database_url() -> URL:
    """The address in MLFLOW_BACKEND_STORE_URI. Raises UserError, without the address: it has the password in it."""
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    wanted = "such as postgresql://user:password@host:5432/name or sqlite:////folder/mlflow.db"
    text = os.environ.get(VARIABLE)
    if not text:
        raise UserError(f"{VARIABLE} is not set; give the database's address, {wanted}.")
    try:
        url = make_url(text)
    except (ArgumentError, ValueError) as error:
        raise UserError(f"{VARIABLE} is no address of a database; give one {wanted}.") from error
    kind = url.drivername.partition("+")[0]
    if kind in ("postgres", "postgresql"):
        # A plain postgresql:// would be psycopg 3, whose types PostgreSQL refuses in MLflow's moves of a stage.
        return url.set(drivername="postgresql+psycopg2")
    if kind == "sqlite" and url.database not in (None, "", ":memory:"):
        return url
    raise UserError(f"{VARIABLE} is an address of kind {url.drivername}; give one {wanted}.")


def shown(url: URL) -> str:
    """The address without user and password."""
    if url.drivername == "sqlite":
        return str(url.database)
    return f"{url.host}:{url.port or 5432}/{url.database}"


def open_database(url: URL, wait_seconds: float) -> Engine:
    """Connects, and waits for a database that is still starting.

    :raises UserError: when it can't be connected to after ``wait_seconds``.
    """
    from sqlalchemy import create_engine
    from sqlalchemy.exc import SQLAlchemyError
    from sqlalchemy.pool import NullPool

    postgres = url.drivername != "sqlite" and "connect_timeout" not in url.query
    arguments = {"connect_timeout": CONNECT_SECONDS} if postgres else {}
    engine = create_engine(url, connect_args=arguments, poolclass=NullPool)
    deadline = time.monotonic() + wait_seconds
    while True:
        try:
            engine.connect().close()
            return engine
        except SQLAlchemyError as error:
            if time.monotonic() > deadline:
                raise UserError(
                    f"the database {shown(url)} can't be used after {wait_seconds:g} s "
                    f"({one_line(getattr(error, 'orig', None) or error)}); "
                    f"check that it runs, and user and password in {VARIABLE}."
                ) from error
        pause(0.3)
