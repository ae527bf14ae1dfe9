"""The rules of taking part: what a line may be, which words hold it back, how often one may speak, what moderators may do, who comes next."""

import functools
import itertools
import re
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from server.domain.words import BroadcastState, ChatLineState, QuestionState

LINE_LIMIT = 500
QUESTION_LIMIT = 300
MEMBER_NAME_LIMIT = 40
SLOW_MODE_LIMIT_S = 600
WORDS_LIMIT = 200
WORD_LIMIT = 60
CHOICES = range(2, 9)
CHOICE_LIMIT = 80

# Letters that look like others: who writes "1diot" or uses a Cyrillic "о" is understood by people, and so by us.
_LOOKALIKE = str.maketrans("013457@$€аеорсухіјѕвкмнтԁһαβεικνορτυχ", "oieastaseaeopcyxijsbkmhtdhabeikvoptux")
_SPELLED = re.compile(r"(?<![^\W_])[^\W_](?:[\W_]{1,3}[^\W_])+(?![^\W_])")
_WORD = re.compile(r"[^\W_]+")
_NEVER = re.compile(r"(?!)")


def folded(text: str) -> str:
    """What is compared of a text: no case, no accents, no invisible signs, and lookalike letters as the plain ones."""
    plain = unicodedata.normalize("NFKD", text).casefold()
    kept = "".join(sign for sign in plain if unicodedata.category(sign) not in {"Mn", "Cf"})
    return kept.translate(_LOOKALIKE)


def is_held_by_words(text: str, words: Sequence[str]) -> bool:
    """Whether a text contains one of the words, as a whole word; a word with a star at its end stands for all that begin so.

    Spelled-out words ("i d i o t", "i.d.i.o.t") count as what they spell, and so do stretched ones ("idiooot").
    """
    pattern, said = _pattern(tuple(words)), folded(text)
    joined = _SPELLED.sub(lambda found: "".join(_WORD.findall(found.group())), said)
    return pattern.search(said) is not None or pattern.search(joined) is not None


@functools.lru_cache(maxsize=64)
def _pattern(words: tuple[str, ...]) -> re.Pattern[str]:
    found = [one for one in map(_word_pattern, words) if one]
    return re.compile(r"(?<![^\W_])(?:" + "|".join(found) + ")") if found else _NEVER


def _word_pattern(word: str) -> str:
    """One word or several in a row, with anything between them; "" for what has no letter."""
    parts = _WORD.findall(folded(word))
    end = "" if word.rstrip().endswith("*") else r"(?![^\W_])"
    return r"[\W_]+".join("".join(map(_run_pattern, itertools.groupby(part))) for part in parts) + end if parts else ""


def _run_pattern(run: tuple[str, Iterable[str]]) -> str:
    """A letter as often as it is written, or stretched: three times or more. Twice is another word: "god" and "good"."""
    letter, count = re.escape(run[0]), len(list(run[1]))
    return f"(?:{letter}{{{count}}}|{letter}{{3,}})"


def wait_s(last_at: datetime | None, slow_mode_s: int, now: datetime) -> int:
    """Whole seconds until a member may write the next line; 0: now."""
    if last_at is None or slow_mode_s <= 0:
        return 0
    left = (last_at + timedelta(seconds=slow_mode_s) - now).total_seconds()
    return max(0, min(slow_mode_s, -int(-left // 1)))


def may_chat(state: BroadcastState) -> bool:
    """Lines, polls, hands and reactions: from the countdown to the end."""
    return state in {BroadcastState.COUNTDOWN, BroadcastState.LIVE, BroadcastState.PAUSED}


def may_ask(state: BroadcastState) -> bool:
    """Questions, votes on them, and "me too": beforehand too."""
    return state is not BroadcastState.ENDED


_LINE_MOVES = {
    ChatLineState.HELD: {ChatLineState.SHOWN, ChatLineState.REMOVED},
    ChatLineState.SHOWN: {ChatLineState.REMOVED},
    ChatLineState.REMOVED: {ChatLineState.SHOWN},
}
_QUESTION_MOVES = {
    QuestionState.ASKED: {QuestionState.APPROVED, QuestionState.PINNED, QuestionState.REJECTED},
    QuestionState.APPROVED: {QuestionState.PINNED, QuestionState.ANSWERED, QuestionState.REJECTED},
    QuestionState.PINNED: {QuestionState.APPROVED, QuestionState.ANSWERED, QuestionState.REJECTED},
    QuestionState.ANSWERED: {QuestionState.APPROVED, QuestionState.PINNED},
    QuestionState.REJECTED: {QuestionState.APPROVED},
}


def may_move_line(now: ChatLineState, to: ChatLineState) -> bool:
    """What a moderator may make of a line. Whatever was done can be taken back."""
    return to in _LINE_MOVES[now]


def may_move_question(now: QuestionState, to: QuestionState) -> bool:
    """What a moderator may make of a question. Whatever was done can be taken back."""
    return to in _QUESTION_MOVES[now]


def is_public_question(state: QuestionState) -> bool:
    """Whether everybody sees the question."""
    return state in {QuestionState.APPROVED, QuestionState.PINNED, QuestionState.ANSWERED}


def may_vote(state: QuestionState) -> bool:
    """Votes count until a question is answered."""
    return state in {QuestionState.APPROVED, QuestionState.PINNED}


def question_order(state: QuestionState, votes: int, at: datetime) -> tuple[int, int, float]:
    """The order of questions: the pinned one, then those with most votes, the older of two alike first; answered ones at the end by time."""
    if state is QuestionState.PINNED:
        return (0, 0, at.timestamp())
    if state is QuestionState.ANSWERED:
        return (2, 0, at.timestamp())
    return (1, -votes, at.timestamp())


def place_of(hands: Sequence[str], member: str) -> int | None:
    """Which place (1: next) somebody has among raised hands, in the order in which they were raised; None without a hand."""
    return hands.index(member) + 1 if member in hands else None


def chapter_s(live_at: datetime | None, now: datetime) -> float | None:
    """Seconds into the broadcast, which is where a question's chapter begins; None before it was live."""
    return None if live_at is None else max(0.0, (now - live_at).total_seconds())
