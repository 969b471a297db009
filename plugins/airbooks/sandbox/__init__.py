"""A local server that behaves like the accounting platforms, strictly, with faults on demand."""
