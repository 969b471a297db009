"""The simulator of Epicor Kinetic (REST API v2)."""

from airbooks.platforms.epicor.sandbox.simulator import EpicorSimulator

SIMULATOR = EpicorSimulator

__all__ = ["SIMULATOR"]
