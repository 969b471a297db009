"""The Unit4 ERPx simulator: one tenant with one British company, sharing no code with the connector."""

from airbooks.platforms.unit4.sandbox.simulator import Unit4Simulator

SIMULATOR = Unit4Simulator

__all__ = ["SIMULATOR", "Unit4Simulator"]
