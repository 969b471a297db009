"""A simulator of SAP S/4HANA's posting, open-item, business-partner and account services; it shares no code with the connector."""

from airbooks.platforms.sap_s4hana.sandbox.simulator import SapS4HanaSimulator

SIMULATOR = SapS4HanaSimulator
__all__ = ["SIMULATOR", "SapS4HanaSimulator"]
