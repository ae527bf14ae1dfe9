"""The six months of a channel as files for the authority: with the law, the definitions, who is responsible, and every step."""

import csv
import io
from datetime import datetime

from server.api.wire import to_plain, to_text
from server.domain.reach_words import DEFINITION, LAW
from server.domain.words import Language
from server.service.reach import Export
from server.service.reach_views import ReachView, step_view

_HEADS = {
    Language.DE: {
        "channel": "Kanal",
        "responsible_name": "Verantwortlich (§ 18 Abs. 2 MStV)",
        "responsible_address": "Anschrift",
        "imprint_url": "Impressum",
        "since": "Zeitraum von (UTC)",
        "until": "Zeitraum bis (UTC)",
        "limit": "Grenze: gleichzeitige Nutzer",
        "air_average": "Durchschnitt über die Sendezeit",
        "all_average": "Durchschnitt über die gesamte Zeit",
        "peak": "Höchste Zahl gleichzeitiger Nutzer",
        "air_h": "Sendezeit in Stunden",
        "watch_h": "Gesehene Stunden",
        "forecast": "Prognose: Durchschnitt in sechs Monaten",
        "none": "zu wenige Wochen mit Sendungen",
        "law": "Rechtsgrundlage",
        "definition": "Definition",
        "columns": "Schritt ab (UTC);Durchschnitt;Höchstzahl;Gesehene Sekunden;Gesendete Sekunden",
    },
    Language.EN: {
        "channel": "Channel",
        "responsible_name": "Responsible person (§ 18 (2) MStV)",
        "responsible_address": "Address",
        "imprint_url": "Legal notice (Impressum)",
        "since": "Period from (UTC)",
        "until": "Period until (UTC)",
        "limit": "Limit: simultaneous users",
        "air_average": "Average over the time on air",
        "all_average": "Average over all time",
        "peak": "Most simultaneous users",
        "air_h": "Hours on air",
        "watch_h": "Hours watched",
        "forecast": "Forecast: average in six months",
        "none": "too few weeks with broadcasts",
        "law": "Law",
        "definition": "Definition",
        "columns": "Step from (UTC);Average;Peak;Seconds watched;Seconds on air",
    },
}


def as_csv(export: Export, language: Language) -> bytes:
    """A table that spreadsheets of that language open at once: two columns with facts and definitions, an empty line, and the steps."""
    text, words = io.StringIO(), _HEADS[language]
    out = csv.writer(text, delimiter=";" if language is Language.DE else ",", lineterminator="\r\n")
    for row in (*_facts(export.reach, language), ()):
        out.writerow([_plain(cell) for cell in row])
    out.writerow(words["columns"].split(";"))
    for step in export.steps:
        numbers = (step.average, step.peak, step.watch_s, step.air_s)
        out.writerow([_moment(step.at), *(_number(one, language) for one in numbers)])
    return ("\ufeff" + text.getvalue()).encode()


def _facts(reach: ReachView, language: Language) -> list[tuple[str, str]]:
    words, channel = _HEADS[language], reach.channel
    facts = [("channel", channel.name)]
    facts += [(name, getattr(channel, name)) for name in ("responsible_name", "responsible_address", "imprint_url")]
    facts += [("since", _moment(reach.since)), ("until", _moment(reach.until)), ("limit", str(reach.limit))]
    facts += [(name, _number(getattr(reach, name), language)) for name in ("air_average", "all_average", "peak")]
    hours = (("air_h", reach.air_s / 3600), ("watch_h", reach.watch_s / 3600))
    facts += [(name, _number(value, language)) for name, value in hours]
    facts.append(("forecast", _number(reach.forecast.average, language) if reach.forecast else words["none"]))
    facts.append(("law", LAW[language]))
    facts += [("definition", sentence) for sentence in DEFINITION[language]]
    return [(words[name], value) for name, value in facts]


def as_json(export: Export, language: Language) -> str:
    """The same for programs."""
    words = {"law": LAW[language], "definition": list(DEFINITION[language])}
    return to_text({**to_plain(export.reach), **words, "steps": [to_plain(step_view(step)) for step in export.steps]})


def _moment(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M")


def _number(value: float, language: Language) -> str:
    text = f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
    return text.replace(".", ",") if language is Language.DE else text


def _plain(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell
