"""A simulator of Business Central's API v2.0, written from the vendor's contract; it shares no code with the connector."""

from airbooks.platforms.business_central.sandbox.simulator import BusinessCentralSimulator

SIMULATOR = BusinessCentralSimulator
__all__ = ["SIMULATOR", "BusinessCentralSimulator"]
