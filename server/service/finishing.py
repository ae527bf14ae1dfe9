"""After a recording: its files are made seekable and its view is encoded, one recording at a time, in child processes."""

from server.service.house import House


async def finish_forever(house: House) -> None:
    """Finishes recordings whose state is FINISHING, oldest first; those left by an earlier process too. Run as a task."""
    raise NotImplementedError
