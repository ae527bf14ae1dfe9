"""What the figures of a channel's reach mean, in words: the same on the page and in what goes to the authority."""

from server.domain.words import Language

DEFINITION: dict[Language, tuple[str, ...]] = {
    Language.DE: (
        "Gleichzeitige Nutzer sind alle, die im selben Moment zusehen. Gezählt werden offene Seiten dieses Servers mit der Sendung, jede einmal, "
        "und Abspielprogramme ohne Seite, solange sie die Sendung abrufen. Gezählt wird ohne Namen; es entsteht keine Liste von Personen.",
        "Abspielprogramme ohne Seite werden hinter einem Zwischenspeicher (nginx, CDN) anhand der Abrufe geschätzt, die bis zu diesem Server "
        "gelangen.",
        "Ein Schritt dauert fünf Minuten (Zeiten in UTC). Sein Durchschnitt ist die Summe der gesehenen Sekunden aller Nutzer, geteilt durch die "
        "Sekunden, in denen gesendet wurde.",
        "Gesendet wird, solange mindestens eine öffentliche oder nicht gelistete Übertragung des Kanals läuft, auch während einer Pausentafel. "
        "Private Sitzungen und der spätere Abruf von Aufzeichnungen zählen nicht. Laufen mehrere Übertragungen zugleich, werden ihre Nutzer "
        "zusammengezählt.",
        "Der Zeitraum sind die letzten sechs Kalendermonate; bei einem neuen Kanal beginnt er mit der ersten Sendung.",
        "Das Gesetz sagt nicht, über welche Zeit der Durchschnitt zu bilden ist. Der Durchschnitt über die Sendezeit teilt alle gesehenen "
        "Sekunden des Zeitraums durch alle Sekunden Sendezeit. Der Durchschnitt über die gesamte Zeit teilt sie durch alle Sekunden des "
        "Zeitraums, Nächte und Tage ohne Sendung eingeschlossen. Der erste ist nie kleiner; gewarnt wird nach ihm.",
        "Die Prognose legt eine Gerade durch die Wochendurchschnitte der letzten zwölf Wochen (kleinste Quadrate) und setzt sie ein halbes Jahr "
        "fort, mit so viel Sendezeit wie in diesen Wochen.",
    ),
    Language.EN: (
        "Simultaneous users are all who watch at the same moment. Counted are open pages of this server with the broadcast, each once, and "
        "players without a page as long as they fetch the stream. Counting is without names; no list of people is made.",
        "Behind a cache (nginx, CDN), players without a page are estimated from those requests that reach this server.",
        "A step is five minutes (times are UTC). Its average is the sum of the seconds that all users watched, divided by the seconds on air.",
        "On air is the time in which at least one public or unlisted broadcast of the channel runs, a pause card included. Private sessions and "
        "recordings that are watched later do not count. Users of broadcasts at the same time are added up.",
        "The period is the last six calendar months; for a new channel it begins with the first broadcast.",
        "The law does not say over which time the average is taken. The average over the time on air divides all seconds watched in the period by"
        " all seconds on air. The average over all time divides them by all seconds of the period, nights and days without a broadcast included. "
        "The first one is never smaller; warnings go by it.",
        "The forecast is a straight line through the weekly averages of the last twelve weeks (least squares), continued for half a year with as "
        "much time on air as in those weeks.",
    ),
}

LAW: dict[Language, str] = {
    Language.DE: (
        "§ 54 Abs. 1 MStV: Ohne Zulassung dürfen Rundfunkprogramme verbreitet werden, die im Durchschnitt von sechs Monaten weniger als 20.000 "
        "gleichzeitige Nutzer erreichen oder in ihrer prognostizierten Entwicklung erreichen werden."
    ),
    Language.EN: (
        "§ 54 (1) MStV (German State Media Treaty): no licence is needed for programmes that reach fewer than 20,000 simultaneous users on an average"
        " of six months, or will do so by forecast."
    ),
}
