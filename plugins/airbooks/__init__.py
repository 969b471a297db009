"""airbooks: sales invoices, credit notes and payments from ERP systems into accounting platforms, exactly once."""

__version__ = "0.1.0"
