"""A local Reckon One: identity server, gateway and API v2 of one Australian book, written from the vendor's contract."""

from airbooks.platforms.reckon_one.sandbox.simulator import ReckonOneSimulator

SIMULATOR = ReckonOneSimulator

__all__ = ["SIMULATOR", "ReckonOneSimulator"]
