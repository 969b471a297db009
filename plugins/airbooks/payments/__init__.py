"""What came in, what it pays, and whether the books of all sides agree."""
