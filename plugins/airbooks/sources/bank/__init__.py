"""Movements of money out of bank statements, tables, databases and what payment providers send.

Every reader gives IncomingPayment for what it can take over and BadMovement for what it cannot, so that one bad entry holds no other.
"""
