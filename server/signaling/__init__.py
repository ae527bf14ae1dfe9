"""The Socket.IO edge: what is live."""

import sys

if "redis" not in sys.modules:
    # python-socketio loads a Redis client for managers that we do not use, which takes a tenth of a start. Hidden, it is done without.
    sys.modules["redis"] = None  # type: ignore[assignment]
    import socketio  # type: ignore[import-untyped]  # noqa: F401

    del sys.modules["redis"]
