"""The simulator of NetSuite's REST web services: record service, SuiteQL, asynchronous jobs, OAuth 2.0 and TBA."""

from airbooks.platforms.netsuite.sandbox.simulator import NetSuiteSimulator

SIMULATOR = NetSuiteSimulator
