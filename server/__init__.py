"""Oase: live video for customer service. Start reading in `server/README.md`."""

__version__ = "0.1.0"
