"""A local MYOB Business API v2, written from the vendor's contract and as strict as the vendor."""

from airbooks.platforms.myob.sandbox.simulator import MyobSimulator

SIMULATOR = MyobSimulator

__all__ = ["SIMULATOR", "MyobSimulator"]
