"""A local Wave: the public GraphQL API and its OAuth end points, written from the vendor's contract and as strict as the vendor."""

from airbooks.platforms.wave.sandbox.simulator import WaveSimulator

SIMULATOR = WaveSimulator

__all__ = ["SIMULATOR", "WaveSimulator"]
