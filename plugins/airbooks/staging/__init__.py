"""Everything that touches the staging database."""
