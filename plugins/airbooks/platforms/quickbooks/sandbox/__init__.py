"""A local QuickBooks Online: API v3 at minor version 75, written from the vendor's contract and as strict as the vendor."""

from airbooks.platforms.quickbooks.sandbox.simulator import QuickBooksSimulator

SIMULATOR = QuickBooksSimulator

__all__ = ["SIMULATOR", "QuickBooksSimulator"]
