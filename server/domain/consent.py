"""Consent to being recorded: the words, and which answer may follow which. Nothing is written unless the last answer is GIVEN."""

from server.domain.words import ConsentAnswer, Language

PURPOSE = "recording"
WORDING_VERSION = "2026-1"
WORDING: dict[str, dict[Language, str]] = {
    "2026-1": {
        Language.DE: (
            "Dürfen wir Ihr Bild, Ihren Ton und Ihren geteilten Bildschirm in diesem Gespräch aufzeichnen? Die Aufzeichnung gehört"
            " zu diesem Anliegen, ist für unser Serviceteam bestimmt und wird auf Ihren Wunsch gelöscht. Sie können Nein sagen, dann"
            " geht das Gespräch ohne Aufzeichnung von Ihnen weiter, und ein Ja jederzeit widerrufen."
        ),
        Language.EN: (
            "May we record your picture, your sound and your shared screen in this call? The recording belongs to this case, is meant"
            " for our service team, and is deleted if you ask for it. You can say no, then the call goes on without anything of you"
            " being recorded, and you can take back a yes at any time."
        ),
    },
}

STEPS: dict[ConsentAnswer, frozenset[ConsentAnswer]] = {
    ConsentAnswer.ASKED: frozenset({ConsentAnswer.GIVEN, ConsentAnswer.REFUSED}),
    ConsentAnswer.GIVEN: frozenset({ConsentAnswer.WITHDRAWN}),
    ConsentAnswer.REFUSED: frozenset({ConsentAnswer.GIVEN}),
    ConsentAnswer.WITHDRAWN: frozenset({ConsentAnswer.GIVEN}),
}

# A person who changes their mind answers anew: the earlier answer stays as it was, as proof.
ANEW = frozenset({(ConsentAnswer.REFUSED, ConsentAnswer.GIVEN), (ConsentAnswer.WITHDRAWN, ConsentAnswer.GIVEN)})


def may_answer(now: ConsentAnswer | None, answer: ConsentAnswer) -> bool:
    """Whether a person whose last answer is `now` (None: never asked) may give this one."""
    return now is not None and answer in STEPS[now]


def may_ask(now: ConsentAnswer | None) -> bool:
    """Whether a person is asked (again): not while the question stands, and not after a yes."""
    return now not in (ConsentAnswer.ASKED, ConsentAnswer.GIVEN)


def may_write(now: ConsentAnswer | None) -> bool:
    """Whether this person's tracks may be written."""
    return now is ConsentAnswer.GIVEN


def wording(language: Language, version: str = WORDING_VERSION) -> str:
    """The exact words of a version."""
    return WORDING[version][language]
