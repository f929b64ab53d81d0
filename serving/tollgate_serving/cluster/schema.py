"""The schema of MLflow's database: at which revision it is, and what this MLflow makes of that."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from tollgate_serving.cluster.database import VARIABLE, shown
from tollgate_serving.errors import UserError

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

#: Kept by the migrations; tells at which revision the schema is.
BOOKKEEPING = "alembic_version"


@dataclass(frozen=True)
class Schema:
    """What was found in a database."""

    #: None where no migration ever ended.
    revision: str | None
    tables: frozenset[str]

    @property
    def is_current(self) -> bool:
        return self.revision == latest_revision()


def read_schema(engine: Engine) -> Schema:
    """The schema as it is. Raises UserError when it isn't one that this MLflow can bring forward."""
    from alembic.migration import MigrationContext
    from mlflow.version import VERSION
    from sqlalchemy import inspect

    where = shown(engine.url)
    with engine.connect() as connection:
        revisions = MigrationContext.configure(connection).get_current_heads()
        tables = frozenset(inspect(connection).get_table_names()) - {BOOKKEEPING}
    if unknown := [revision for revision in revisions if revision not in _revisions()]:
        raise UserError(
            f"forward only: the database {where} is at revision {', '.join(unknown)}, which MLflow {VERSION} doesn't "
            "know; run the newer MLflow that made it, or restore the backup from before."
        )
    if not revisions and (strangers := sorted(tables - _initial_tables())):
        raise UserError(
            f"the database {where} holds tables that aren't MLflow's ({', '.join(strangers[:3])}); "
            f"give MLflow a database of its own in {VARIABLE}."
        )
    return Schema(revisions[0] if revisions else None, tables)


def latest_revision() -> str:
    """The revision this MLflow works with."""
    from mlflow.store.db.utils import _get_latest_schema_revision

    return _get_latest_schema_revision()


def migrations_between(old: str | None, new: str | None) -> int:
    """How many of MLflow's migrations lead from one revision to another."""

    def position(revision: str | None) -> int:
        return -1 if revision is None else _revisions().index(revision)

    return position(new) - position(old)


@cache
def _revisions() -> tuple[str, ...]:
    """All revisions this MLflow knows, from the first one on."""
    from alembic.script import ScriptDirectory
    from mlflow.store.db.utils import _get_alembic_config

    scripts = ScriptDirectory.from_config(_get_alembic_config(db_url=""))
    return tuple(script.revision for script in scripts.walk_revisions())[::-1]


@cache
def _initial_tables() -> frozenset[str]:
    """Tables from before the first migration: they alone are what a killed first run leaves."""
    from mlflow.store.tracking.dbmodels.initial_models import Base

    return frozenset(Base.metadata.tables)
