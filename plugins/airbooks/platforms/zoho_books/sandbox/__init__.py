"""A local Zoho Books: API v3 of the UK edition, written from the vendor's contract and as strict as the vendor."""

from airbooks.platforms.zoho_books.sandbox.simulator import ZohoBooksSimulator

SIMULATOR = ZohoBooksSimulator

__all__ = ["SIMULATOR", "ZohoBooksSimulator"]
