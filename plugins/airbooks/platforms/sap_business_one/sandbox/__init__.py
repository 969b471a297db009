"""The simulator of the Service Layer of one German Business One company."""

from airbooks.platforms.sap_business_one.sandbox.simulator import SapBusinessOneSimulator

SIMULATOR = SapBusinessOneSimulator

__all__ = ["SIMULATOR", "SapBusinessOneSimulator"]
