"""A local QuickFile: API v1.2 and the client payments of the REST beta, written from the vendor's contract and as strict."""

from airbooks.platforms.quickfile.sandbox.simulator import QuickFileSimulator

SIMULATOR = QuickFileSimulator

__all__ = ["SIMULATOR", "QuickFileSimulator"]
