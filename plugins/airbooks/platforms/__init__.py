"""One room per accounting platform, and what they share: the port, the wire, the error taxonomy, the registry."""
