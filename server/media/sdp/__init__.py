"""Offers of browsers read, answers written. Our own, because aiortc's SDP knows neither transport-cc nor slots."""
