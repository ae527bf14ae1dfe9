"""Who gets which slot of one viewer. Rules only: sticky, screens first when there is no room, picture and sound of one person in one group."""

from collections.abc import Sequence

from server.media.peer.outlet import Outlet
from server.media.peer.publication import Publication
from server.media.relay import start_at_key_frame
from server.media.tap import Source


def assign(outlets: Sequence[Outlet], wanted: Sequence[Publication]) -> bool:
    """Fills `outlets` with the `wanted` sources, most important first; True when somebody came, went or moved.

    With more sources than slots the last of them get none. Who is only outranked stays until the other's first packet that can be shown:
    the slot is never empty, and nobody moves who may stay.
    """
    wanted_ids = {id(publication) for publication in wanted}
    changed = False
    for outlet in outlets:
        if outlet.publication is not None and id(outlet.publication) not in wanted_ids:
            outlet.clear()
            changed = True
    chosen = _chosen(outlets, wanted)
    placed = {id(outlet.publication) for outlet in outlets if outlet.publication is not None}
    for publication in chosen:
        place = None if id(publication) in placed else _place(outlets, publication, chosen)
        if place is not None:
            place.show(publication)
            start_at_key_frame(place)
            changed = True
    return changed


def _chosen(outlets: Sequence[Outlet], wanted: Sequence[Publication]) -> list[Publication]:
    """As many of each kind as there are slots; screens before cameras."""
    room = {"audio": 0, "video": 0}
    for outlet in outlets:
        room[outlet.kind] += 1
    chosen = []
    for publication in sorted(wanted, key=lambda entry: entry.source is not Source.SCREEN):
        if room[publication.kind] > 0:
            room[publication.kind] -= 1
            chosen.append(publication)
    return chosen


def _place(outlets: Sequence[Outlet], publication: Publication, chosen: Sequence[Publication]) -> Outlet | None:
    staying = [outlet for outlet in outlets if outlet.publication in chosen]
    free = [outlet for outlet in outlets if outlet.kind == publication.kind and outlet not in staying]
    if publication.source is Source.SCREEN:
        return free[-1] if free else None
    owners = _owners(staying)
    own = [outlet for outlet in free if owners.get(outlet.sending.group) == publication.participant]
    unowned = [outlet for outlet in free if outlet.sending.group not in owners]
    return next(iter(own or unowned or free), None)


def _owners(outlets: Sequence[Outlet]) -> dict[str, str]:
    """Which lip-sync group belongs to whom already, by the sources that are in it."""
    return {
        outlet.sending.group: outlet.publication.participant
        for outlet in outlets
        if outlet.publication is not None and outlet.publication.source is not Source.SCREEN
    }
