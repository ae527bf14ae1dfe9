"""Who gets which slot of one viewer. Rules only: sticky, screens first when there is no room, picture and sound of one person in one group."""

from collections.abc import Sequence

from server.media.peer.outlet import Outlet
from server.media.peer.publication import Publication
from server.media.relay import start_at_key_frame
from server.media.tap import Source


def assign(outlets: Sequence[Outlet], wanted: Sequence[Publication]) -> bool:
    """Fills `outlets` with the `wanted` sources; True when somebody came, went or moved."""
    changed = False
    for outlet in outlets:
        if outlet.publication is not None and outlet.publication not in wanted:
            outlet.clear()
            changed = True
    placed = {id(outlet.publication) for outlet in outlets if outlet.publication is not None}
    missing = [publication for publication in wanted if id(publication) not in placed]
    for publication in sorted(missing, key=lambda entry: entry.source is not Source.SCREEN):
        place = _place(outlets, publication)
        if place is not None:
            place.show(publication)
            start_at_key_frame(place)
            changed = True
    return changed


def _place(outlets: Sequence[Outlet], publication: Publication) -> Outlet | None:
    kind = [outlet for outlet in outlets if outlet.kind == publication.kind]
    free = [outlet for outlet in kind if outlet.publication is None]
    if publication.source is Source.SCREEN:
        return free[-1] if free else _last_camera(kind)
    owners = _owners(outlets)
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


def _last_camera(outlets: Sequence[Outlet]) -> Outlet | None:
    cameras = [outlet for outlet in outlets if outlet.publication and outlet.publication.source is Source.CAMERA]
    return cameras[-1] if cameras else None
