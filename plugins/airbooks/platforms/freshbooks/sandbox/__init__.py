"""A local FreshBooks: the accounting API of one account in the United States, written from the vendor's contract."""

from airbooks.platforms.freshbooks.sandbox.simulator import FreshBooksSimulator

SIMULATOR = FreshBooksSimulator

__all__ = ["SIMULATOR", "FreshBooksSimulator"]
