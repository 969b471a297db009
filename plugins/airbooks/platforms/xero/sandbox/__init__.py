"""A local Xero: Accounting API 2.0 of one Australian organisation, written from the vendor's contract and as strict as the vendor."""

from airbooks.platforms.xero.sandbox.simulator import XeroSimulator

SIMULATOR = XeroSimulator

__all__ = ["SIMULATOR", "XeroSimulator"]
