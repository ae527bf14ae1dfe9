"""What several people do of the same kind in one transaction, written with one statement: lines of the chat, votes for questions."""

from collections.abc import Collection
from dataclasses import dataclass, field

from sqlalchemy.ext.asyncio import AsyncConnection

from server.domain.words import MemberId, QuestionId, SessionId
from server.store import audience as store
from server.store import questions as question_store
from server.store.broadcast_rows import LineRow


@dataclass(slots=True)
class Gathered:
    """Of one transaction. What is gathered is written before it ends, and before anybody looks for it in the database.

    `voted`: by how much each question's votes changed, of those that are written.
    """

    session: SessionId
    voted: dict[QuestionId, int] = field(default_factory=dict)
    _sent: dict[str, LineRow | None] = field(default_factory=dict)
    _lines: list[LineRow] = field(default_factory=list)
    _votes: dict[tuple[QuestionId, MemberId], bool] = field(default_factory=dict)

    async def look_for_lines(self, db: AsyncConnection, client_ids: Collection[str]) -> None:
        """Reads at once which of these were sent before."""
        self._sent = {**dict.fromkeys(client_ids), **await store.find_lines_sent(db, self.session, client_ids)}

    def line_sent(self, client_id: str) -> LineRow | None:
        """The line that was sent under this id, before or in this transaction; one of those that were looked for."""
        return self._sent[client_id]

    def add_line(self, row: LineRow) -> None:
        """One more line."""
        self._sent[row.client_id] = row
        self._lines.append(row)

    def vote(self, question: QuestionId, member: MemberId, *, wanted: bool) -> None:
        """A member wants a question answered, or no longer. The last word counts."""
        self._votes[question, member] = wanted

    async def write(self, db: AsyncConnection) -> None:
        """Writes what is not written yet."""
        if self._lines:
            lines, self._lines = self._lines, []
            await store.add_lines(db, lines)
        votes, self._votes = self._votes, {}
        given = [key for key, wanted in votes.items() if wanted]
        taken = [key for key, wanted in votes.items() if not wanted]
        for question in await question_store.add_votes(db, given) if given else ():
            self.voted[question] = self.voted.get(question, 0) + 1
        for question in await question_store.remove_votes(db, taken) if taken else ():
            self.voted[question] = self.voted.get(question, 0) - 1
