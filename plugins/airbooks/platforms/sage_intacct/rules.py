"""What the connector itself finds out before, between or after requests."""

from __future__ import annotations

from airbooks.platforms.errors import Action, ErrorRule, Outcome

READ_BACK = ErrorRule(name="booked but not read back", action=Action.LOOK_UP, outcome=Outcome.UNKNOWN)
NOT_ANSWERED = ErrorRule(name="no result for this document", action=Action.LOOK_UP, outcome=Outcome.UNKNOWN)
NOT_REVERSED = ErrorRule(name="reversal answered, not done", action=Action.LOOK_UP, outcome=Outcome.UNKNOWN)
LEFT_DRAFT = ErrorRule(
    name="left as a draft",
    action=Action.REVIEW,
    outcome=Outcome.DID_NOT_HAPPEN,
    says="It is in Sage Intacct as a draft, not in the books.",
    fix="Post the draft there, or delete it, then answer Retry.",
)
CHANGED_THERE = ErrorRule(name="changed in Sage Intacct since", action=Action.REREAD, outcome=Outcome.DID_NOT_HAPPEN)
NOT_EXPRESSIBLE = ErrorRule(name="not expressible", action=Action.REVIEW, outcome=Outcome.DID_NOT_HAPPEN)
NUMBER_SPENT = ErrorRule(
    name="number spent",
    action=Action.REVIEW,
    outcome=Outcome.DID_NOT_HAPPEN,
    says="A reversed document carries this number, and Sage Intacct does not give it out again.",
    fix="Send the document under a new number.",
)
