"""What happens here when the media worker says something."""

from server.media.protocol import Event
from server.service.house import House


async def follow_media(house: House) -> None:
    """Handles the worker's events for ever. Run as a task. A failure of one event is logged and the next is handled."""
    raise NotImplementedError


async def handle_event(house: House, event: Event) -> None:
    """One event: people connected and gone, slots, roster, recordings, a new worker."""
    raise NotImplementedError


async def media_away(house: House) -> None:
    """The worker ended (said by whoever supervises it): pages show it, running recordings are marked as interrupted."""
    raise NotImplementedError


async def sweep_forever(house: House) -> None:
    """Every few seconds: people who did not come back have left; old links and sign-ins are removed. Run as a task."""
    raise NotImplementedError
