"""The states of a delivery and the only ways between them.

    pending --claimed--> sending --booked-----> delivered
       ^                    |------refused----> rejected
       |                    |------held back--> parked
       |<-----not sent------|------differs----> parked --given up--> rejected
       |                    |------taken on---> accepted --booked, refused, differs, held back, not sent, lost: as from sending
       |                    |                      |-------still open--> accepted
       |                    |                      '-------overdue-----> parked
       |                    '------lost-------> unknown --found-----> delivered
       |                                           |------refused---> rejected
       |                                           |------differs, held back---> parked
       |                                           |------absent----> unknown (once)
       |<--------absent twice, applied again-------'
       |<--released-- rejected, parked --asked again--> accepted
       '--superseded--> rejected

`sending` is committed before the wire is touched. `unknown` is never sent again without a look-up, after the platform's settle time,
that found nothing twice; one that is absent again and again is `held back`. A payment that is unknown is `applied again` after that time:
every platform's hook looks for it before it books one. `accepted` is on the platform's desk: it gave a ticket and will say later what
became of it, and until it has, nothing is sent. `parked` waits for a person; it may hold a document that is on the platform but not as
ours says, or a ticket that the platform has not answered in time: a release then asks for the answer again (`asked again`). The database
refuses every other way (migrations 0004 and 0007), and each way taken is an event of the audit trail.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class State(StrEnum):
    PENDING = "pending"
    SENDING = "sending"
    ACCEPTED = "accepted"
    DELIVERED = "delivered"
    UNKNOWN = "unknown"
    REJECTED = "rejected"
    PARKED = "parked"


class Event(StrEnum):
    CLAIMED = "claimed"
    SUPERSEDED = "superseded"
    BOOKED = "booked"
    REFUSED = "refused"
    HELD_BACK = "held back"
    NOT_SENT = "not sent"
    TAKEN_ON = "taken on"
    STILL_OPEN = "still open"
    OVERDUE = "overdue"
    ASKED_AGAIN = "asked again"
    LOST = "lost"
    FOUND = "found"
    DIFFERS = "differs"
    ABSENT = "absent"
    ABSENT_TWICE = "absent twice"
    APPLIED_AGAIN = "applied again"
    RELEASED = "released"
    GIVEN_UP = "given up"


TRANSITIONS: Mapping[tuple[State, Event], State] = MappingProxyType(
    {
        (State.PENDING, Event.CLAIMED): State.SENDING,
        (State.PENDING, Event.SUPERSEDED): State.REJECTED,
        (State.SENDING, Event.BOOKED): State.DELIVERED,
        (State.SENDING, Event.REFUSED): State.REJECTED,
        (State.SENDING, Event.HELD_BACK): State.PARKED,
        (State.SENDING, Event.DIFFERS): State.PARKED,
        (State.SENDING, Event.NOT_SENT): State.PENDING,
        (State.SENDING, Event.LOST): State.UNKNOWN,
        (State.SENDING, Event.TAKEN_ON): State.ACCEPTED,
        (State.ACCEPTED, Event.STILL_OPEN): State.ACCEPTED,
        (State.ACCEPTED, Event.OVERDUE): State.PARKED,
        (State.ACCEPTED, Event.BOOKED): State.DELIVERED,
        (State.ACCEPTED, Event.REFUSED): State.REJECTED,
        (State.ACCEPTED, Event.HELD_BACK): State.PARKED,
        (State.ACCEPTED, Event.DIFFERS): State.PARKED,
        (State.ACCEPTED, Event.NOT_SENT): State.PENDING,
        (State.ACCEPTED, Event.LOST): State.UNKNOWN,
        (State.UNKNOWN, Event.FOUND): State.DELIVERED,
        (State.UNKNOWN, Event.DIFFERS): State.PARKED,
        (State.UNKNOWN, Event.REFUSED): State.REJECTED,
        (State.UNKNOWN, Event.HELD_BACK): State.PARKED,
        (State.UNKNOWN, Event.ABSENT): State.UNKNOWN,
        (State.UNKNOWN, Event.ABSENT_TWICE): State.PENDING,
        (State.UNKNOWN, Event.APPLIED_AGAIN): State.PENDING,
        (State.REJECTED, Event.RELEASED): State.PENDING,
        (State.REJECTED, Event.ASKED_AGAIN): State.ACCEPTED,
        (State.PARKED, Event.RELEASED): State.PENDING,
        (State.PARKED, Event.ASKED_AGAIN): State.ACCEPTED,
        (State.PARKED, Event.GIVEN_UP): State.REJECTED,
    }
)


class IllegalTransitionError(Exception):
    """Something tried to move a delivery in a way the table does not know."""


def after(state: State, event: Event) -> State:
    """The state that follows; raises IllegalTransitionError."""
    try:
        return TRANSITIONS[state, event]
    except KeyError:
        raise IllegalTransitionError(f"a delivery that is {state} cannot be {event}") from None
