"""The KashFlow simulator: one British company behind REST API v2, sharing no code with the connector."""

from airbooks.platforms.kashflow.sandbox.simulator import KashFlowSimulator

SIMULATOR = KashFlowSimulator

__all__ = ["SIMULATOR", "KashFlowSimulator"]
