"""What the robots of the demo's broadcast are called and say."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Script:
    """One language. As many questions as names: everybody asks one."""

    language: str
    title: str
    description: str
    names: tuple[str, ...]
    questions: tuple[str, ...]
    lines: tuple[str, ...]
    poll: str
    choices: tuple[str, ...]


NAMES = ("Robo Rami", "Robo Lotte", "Robo Emre", "Robo Ada")

SCRIPTS = {
    "de": Script(
        language="de",
        title="Was ein Roboter sieht (Demo)",
        description="Ein Roboter zeigt seine Oase, andere Roboter fragen. Alles hier ist erfunden und dient zum Ausprobieren.",
        names=NAMES,
        questions=(
            "Geht die Uhr im Bild richtig?",
            "Warum wandert die Sonne so schnell?",
            "Kann ich die Palme auch bei mir aufstellen?",
            "Ist das Wasser im Teich kalt?",
        ),
        lines=(
            "Hallo zusammen!",
            "Das Bild ist bei mir ganz ruhig.",
            "Danke, das habe ich verstanden.",
            "Schöne Grüße aus der Wüste.",
            "Die Uhr geht bei mir eine Sekunde nach.",
        ),
        poll="Was soll als Nächstes gezeigt werden?",
        choices=("Die Palme", "Der Teich", "Die Sonne"),
    ),
    "en": Script(
        language="en",
        title="What a robot sees (demo)",
        description="A robot shows its oasis, other robots ask. All of this is made up, to be tried out.",
        names=NAMES,
        questions=(
            "Does the clock in the picture keep time?",
            "Why is the sun in such a hurry?",
            "Can I put up the palm tree at home?",
            "Is the water in the pond cold?",
        ),
        lines=(
            "Hello everybody!",
            "The picture is quite steady here.",
            "Thank you, now I see.",
            "Greetings from the desert.",
            "My clock is one second behind.",
        ),
        poll="What shall we see next?",
        choices=("The palm tree", "The pond", "The sun"),
    ),
}
