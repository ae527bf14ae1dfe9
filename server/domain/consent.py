"""Consent to one purpose: the words, and which answer may follow which. Nothing is written or shown unless the last answer is GIVEN."""

from collections.abc import Mapping
from dataclasses import dataclass

from server.domain.broadcasts import breadth
from server.domain.words import ConsentAnswer, Language, Openness, Purpose

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
    "2026-1-public": {
        Language.DE: (
            "Dürfen wir Ihr Bild, Ihren Ton, Ihren Namen und Ihren geteilten Bildschirm öffentlich zeigen? Alle Menschen im Internet"
            " können Sie dann live sehen und hören, und die Aufzeichnung bleibt danach öffentlich abrufbar, bis sie entfernt wird."
            " Sie können Nein sagen, dann sieht und hört das Publikum nichts von Ihnen, und Sie sprechen trotzdem weiter mit uns."
            " Ein Ja können Sie jederzeit widerrufen: Ab dann wird nichts mehr von Ihnen gezeigt, und auf Ihren Wunsch entfernen wir"
            " auch die Aufzeichnung."
        ),
        Language.EN: (
            "May we show your picture, your sound, your name and your shared screen in public? Everybody on the internet can then see"
            " and hear you live, and the recording stays public afterwards until it is removed. You can say no, then the audience sees"
            " and hears nothing of you, and you go on talking to us all the same. You can take back a yes at any time: from then on"
            " nothing of you is shown any more, and if you ask for it we remove the recording as well."
        ),
    },
    "2026-1-unlisted": {
        Language.DE: (
            "Dürfen wir Ihr Bild, Ihren Ton, Ihren Namen und Ihren geteilten Bildschirm allen zeigen, die den Link zu dieser Sendung"
            " haben? Wer den Link kennt, kann Sie dann live sehen und hören, ihn weitergeben und auch die Aufzeichnung ansehen, bis sie"
            " entfernt wird. Sie können Nein sagen, dann sieht und hört das Publikum nichts von Ihnen, und Sie sprechen trotzdem weiter"
            " mit uns. Ein Ja können Sie jederzeit widerrufen: Ab dann wird nichts mehr von Ihnen gezeigt, und auf Ihren Wunsch"
            " entfernen wir auch die Aufzeichnung."
        ),
        Language.EN: (
            "May we show your picture, your sound, your name and your shared screen to everybody who has the link to this broadcast?"
            " Whoever knows the link can then see and hear you live, pass it on, and watch the recording as well until it is removed."
            " You can say no, then the audience sees and hears nothing of you, and you go on talking to us all the same. You can take"
            " back a yes at any time: from then on nothing of you is shown any more, and if you ask for it we remove the recording as"
            " well."
        ),
    },
    "2026-1-private": {
        Language.DE: (
            "Dürfen wir Ihr Bild, Ihren Ton, Ihren Namen und Ihren geteilten Bildschirm den Personen zeigen, die zu dieser Sendung"
            " eingeladen sind? Sie können Sie dann live sehen und hören und auch die Aufzeichnung ansehen, bis sie entfernt wird. Sie"
            " können Nein sagen, dann sieht und hört das Publikum nichts von Ihnen, und Sie sprechen trotzdem weiter mit uns. Ein Ja"
            " können Sie jederzeit widerrufen: Ab dann wird nichts mehr von Ihnen gezeigt, und auf Ihren Wunsch entfernen wir auch die"
            " Aufzeichnung."
        ),
        Language.EN: (
            "May we show your picture, your sound, your name and your shared screen to the people who are invited to this broadcast?"
            " They can then see and hear you live, and watch the recording as well until it is removed. You can say no, then the"
            " audience sees and hears nothing of you, and you go on talking to us all the same. You can take back a yes at any time:"
            " from then on nothing of you is shown any more, and if you ask for it we remove the recording as well."
        ),
    },
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody is asked to agree to: a purpose, in the words of a version."""

    purpose: Purpose
    version: str

    @property
    def words(self) -> dict[Language, str]:
        """The exact words, in each language."""
        return WORDING[self.version]


_STAYS = {
    Language.DE: "dann sieht und hört das Publikum nichts von Ihnen, und Sie sprechen trotzdem weiter mit uns.",
    Language.EN: "then the audience sees and hears nothing of you, and you go on talking to us all the same.",
}
_WATCHES = {
    Language.DE: "dann sehen Sie weiter zu, und niemand sieht oder hört etwas von Ihnen.",
    Language.EN: "then you go on watching, and nobody sees or hears anything of you.",
}


def _called(words: Mapping[Language, str]) -> dict[Language, str]:
    """The same for who is not on stage yet: a no means something else."""
    return {one: text.replace(_STAYS[one], _WATCHES[one]) for one, text in words.items()}


WORDING |= {f"2026-1c-{one}": _called(WORDING[f"2026-1-{one}"]) for one in Openness}

RECORDED = Wanted(Purpose.RECORDING, WORDING_VERSION)
_SHOWN = {one: Wanted(Purpose.PUBLIC, f"2026-1-{one}") for one in Openness}
_CALLED = {one: Wanted(Purpose.PUBLIC, f"2026-1c-{one}") for one in Openness}
_BREADTHS = {wanted.version: breadth(one) for asked in (_SHOWN, _CALLED) for one, wanted in asked.items()}


def shown_to(openness: Openness) -> Wanted:
    """What those on stage are asked before an audience sees them."""
    return _SHOWN[openness]


def called_before(openness: Openness) -> Wanted:
    """What somebody of the audience is asked before they come on stage."""
    return _CALLED[openness]


def is_enough(version: str, wanted: Wanted) -> bool:
    """Whether an answer to the words of this version is one to `wanted` as well: who agreed to be seen by everybody is seen by fewer people, too."""
    if wanted.purpose is Purpose.RECORDING:
        return version not in _BREADTHS
    return _BREADTHS.get(version, -1) >= _BREADTHS[wanted.version]


STEPS: dict[ConsentAnswer, frozenset[ConsentAnswer]] = {
    ConsentAnswer.ASKED: frozenset({ConsentAnswer.GIVEN, ConsentAnswer.REFUSED}),
    ConsentAnswer.GIVEN: frozenset({ConsentAnswer.WITHDRAWN}),
    ConsentAnswer.REFUSED: frozenset({ConsentAnswer.GIVEN}),
    ConsentAnswer.WITHDRAWN: frozenset({ConsentAnswer.GIVEN}),
}

# A person who changes their mind answers anew: the earlier answer stays as it was, as proof.
ANEW = frozenset({(ConsentAnswer.REFUSED, ConsentAnswer.GIVEN), (ConsentAnswer.WITHDRAWN, ConsentAnswer.GIVEN)})

NO = frozenset({ConsentAnswer.REFUSED, ConsentAnswer.WITHDRAWN})


def may_answer(now: ConsentAnswer | None, answer: ConsentAnswer) -> bool:
    """Whether a person whose last answer is `now` (None: never asked) may give this one."""
    return now is not None and answer in STEPS[now]


def may_ask(now: ConsentAnswer | None) -> bool:
    """Whether a person is asked (again): not while the question stands, and not after a yes."""
    return now not in (ConsentAnswer.ASKED, ConsentAnswer.GIVEN)


def may_write(now: ConsentAnswer | None) -> bool:
    """Whether this person's tracks may be written, or shown."""
    return now is ConsentAnswer.GIVEN


def wording(language: Language, version: str = WORDING_VERSION) -> str:
    """The exact words of a version."""
    return WORDING[version][language]
