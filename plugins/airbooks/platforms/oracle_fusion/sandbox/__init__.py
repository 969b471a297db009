"""A local Oracle Fusion pod: Receivables REST 11.13.18.05, written from the vendor's contract and as strict as the vendor."""

from airbooks.platforms.oracle_fusion.sandbox.simulator import OracleFusionSimulator

SIMULATOR = OracleFusionSimulator

__all__ = ["SIMULATOR", "OracleFusionSimulator"]
