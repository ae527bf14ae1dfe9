"""What tables are made of.

Each column says in `info["personal"]` what of a person it holds, so that export and erasure can walk them; None: nothing.
"""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Literal

from sqlalchemy import Column, DateTime, Dialect, ForeignKey, MetaData, String, TypeDecorator

Personal = Literal["name", "contact", "content", "identifier", "secret", "behaviour"]

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Moment(TypeDecorator[datetime]):
    """A UTC time that comes back as UTC; SQLite keeps no time zone by itself."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Word(TypeDecorator[StrEnum]):
    """One of the words of a `StrEnum`, kept as text."""

    impl = String
    cache_ok = True

    def __init__(self, words: type[StrEnum], length: int = 32) -> None:
        super().__init__(length)
        self.words = words

    def process_bind_param(self, value: StrEnum | None, dialect: Dialect) -> str | None:
        return None if value is None else str(self.words(value))

    def process_result_value(self, value: str | None, dialect: Dialect) -> StrEnum | None:
        return None if value is None else self.words(value)


def col(name: str, kind: Any, *more: Any, personal: Personal | None, null: bool = False, **rest: Any) -> Column[Any]:
    """A column; it must have a value unless `null`."""
    return Column(name, kind, *more, nullable=null, info={"personal": personal}, **rest)


def id_col(personal: Personal | None = None) -> Column[Any]:
    """The table's own id."""
    return col("id", String(64), personal=personal, primary_key=True)


def ref(
    name: str,
    target: str,
    *,
    null: bool = False,
    personal: Personal | None = None,
    key: str = "id",
    gone: str = "CASCADE",
    **rest: Any,
) -> Column[Any]:
    """The id of a row of another table (its `key`), and what becomes of this one when that is `gone`."""
    foreign = ForeignKey(f"{target}.{key}", ondelete=gone)
    return col(name, String(64), foreign, personal=personal, null=null, **rest)
