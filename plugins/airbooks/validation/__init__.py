"""Whether a document is right: EN 16931's arithmetic and tax rules, and the house's own, each a small named function."""

from airbooks.validation.facts import Facts
from airbooks.validation.rule import Rule
from airbooks.validation.rules import RULES, validate

__all__ = ["RULES", "Facts", "Rule", "validate"]
