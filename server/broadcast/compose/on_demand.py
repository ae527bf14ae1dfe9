"""A process that has loaded everything and becomes a composer when one is needed: `python -m server compose --on-demand`.

Loading takes a second of a core, far longer where others encode on the same cores; a killed composer's successor is to be there sooner.
"""

import json
import os
import sys


def wait_for_options() -> dict[str, str]:
    """The options of the command, as they come on standard input in one line of JSON. Ends the process with its end of file: nobody wants a composer.

    Raises ValueError for anything else.
    """
    line = sys.stdin.readline()
    if not line:
        sys.exit()
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    options = json.loads(line)
    return {name: str(options[name]) for name in ("session", "directory", "control", "media")}
