"""A process that opens cases and says each once it is committed: the test kills it at some moment. Arguments: database URL."""

import asyncio
import itertools
import sys
from pathlib import Path

from tests.desk import client_id, open_desk


async def main(url: str, folder: Path) -> None:
    async with open_desk(url, folder) as desk:
        sys.stdout.write("ready\n")

        async def opens() -> None:
            for _ in itertools.count():
                customer = await desk.customer_opens_case(client_id=client_id())
                sys.stdout.write(f"{customer.case}\n")
                sys.stdout.flush()

        async with asyncio.TaskGroup() as group:
            for _ in range(4):
                group.create_task(opens())


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2])))
