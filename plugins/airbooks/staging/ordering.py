"""Which delivery may go, and what goes before it: conditions in SQL, the same for claiming and for telling what is waited for.

In all of them `d` is a delivery; `doc` names the row with its document's columns.
"""

from __future__ import annotations

# What the sales system took back may only be voided.
MAY_GO = "doc.is_current AND (doc.state = 'valid' OR (doc.state = 'cancelled' AND d.operation = 'void'))"


def earlier_revision(doc: str = "doc") -> str:
    """FROM and WHERE of the deliveries `e` (of documents `p`) that go before: revision n + 1 goes after n."""
    return f"""
        FROM airbooks.delivery e JOIN airbooks.document p USING (document_id)
        WHERE (p.source, p.source_id) = ({doc}.source, {doc}.source_id) AND p.revision < {doc}.revision
            AND e.connection = d.connection AND (e.state IN ('sending', 'accepted', 'unknown') OR e.ticket <> '')
    """


def preceding(doc: str = "doc") -> str:
    """FROM and WHERE of the documents `inv` (with their deliveries `e`, if they have any) that go before.

    A credit note goes after the invoice it corrects, a payment after what it settles, also while a person is asked about that. What will
    never come holds nothing back.
    """
    return f"""
        FROM airbooks.document inv LEFT JOIN airbooks.delivery e ON e.document_id = inv.document_id AND e.connection = d.connection
        WHERE inv.is_current AND inv.division = {doc}.division AND inv.number = ANY ({doc}.preceding)
            AND (({doc}.kind = 'credit_note' AND inv.kind = 'invoice') OR ({doc}.kind = 'payment' AND inv.kind <> 'payment'))
            AND (inv.state = 'exception'
                OR (e.state IS NULL AND inv.state = 'valid' AND d.connection = ANY (inv.route))
                OR e.state IN ('pending', 'sending', 'accepted', 'unknown', 'parked')
                OR (e.state = 'rejected' AND EXISTS (
                    SELECT FROM airbooks.exception x WHERE x.delivery_id = e.delivery_id AND x.state = 'open')))
    """
