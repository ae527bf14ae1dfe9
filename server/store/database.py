"""The database: SQLite in one file, or PostgreSQL, with the same code."""


class Database:
    """One database. `read()` and `write()` give connections; a write is one transaction."""

    def __init__(self, url: str) -> None:
        """`url` as in `settings().database`: sqlite+aiosqlite:///file or postgresql+asyncpg://…"""

    async def close(self) -> None:
        """Ends all connections."""
