"""The simulator of Sage Intacct's XML gateway, written from the vendor's contract; it shares no code with the connector."""

from airbooks.platforms.sage_intacct.sandbox.gateway import SageIntacctSimulator

SIMULATOR = SageIntacctSimulator

__all__ = ["SIMULATOR", "SageIntacctSimulator"]
