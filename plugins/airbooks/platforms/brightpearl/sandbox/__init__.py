"""A local Brightpearl: the public API of one UK account, written from the vendor's contract and as strict as the vendor."""

from airbooks.platforms.brightpearl.sandbox.simulator import BrightpearlSimulator

SIMULATOR = BrightpearlSimulator

__all__ = ["SIMULATOR", "BrightpearlSimulator"]
