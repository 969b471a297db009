"""A simulator of Odoo 19, written from the vendor's contract: strict, stateful, with two companies."""

from .simulator import OdooSimulator

SIMULATOR = OdooSimulator

__all__ = ["SIMULATOR", "OdooSimulator"]
