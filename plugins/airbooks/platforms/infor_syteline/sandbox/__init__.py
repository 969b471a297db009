"""The SyteLine simulator: one American site behind the Mongoose REST service, sharing no code with the connector."""

from airbooks.platforms.infor_syteline.sandbox.simulator import InforSyteLineSimulator

SIMULATOR = InforSyteLineSimulator

__all__ = ["SIMULATOR", "InforSyteLineSimulator"]
