"""A local Acumatica: identity server, sessions and the Default end point of one company, from the vendor's contract."""

from airbooks.platforms.acumatica.sandbox.simulator import AcumaticaSimulator

SIMULATOR = AcumaticaSimulator

__all__ = ["SIMULATOR", "AcumaticaSimulator"]
