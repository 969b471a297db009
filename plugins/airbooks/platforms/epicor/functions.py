"""Creating invoices through an Epicor Function of the site's, in one server transaction: the optional mode of a connection.

The function (`efx_library`/`efx_function` of the connection) is the site's own; this is what it must take and give.

Request: `xRefInvoiceNum` (our number), `creditMemo`, `groupID` (made by the function with the two dates where it is not there),
`invoiceDate`, `applyDate`, and `ds`, a dataset with the rows InvcHead (one), InvcDtl, InvcMisc and InvcDtlTGLC as the last save of the
conversation has them. It first looks for a live invoice with that XRefInvoiceNum and answers its number; else it enters the invoice.

Answer: `invoiceNum`, `wasThere`, and `errorMessage`: filled means that nothing was kept.
"""

from __future__ import annotations

from collections.abc import Callable

from airbooks.platforms.epicor.client import Company, Row, unproven
from airbooks.platforms.epicor.mapping import Plan, function_body
from airbooks.platforms.errors import PlatformError


def enter(company: Company, library: str, function: str, plan: Plan, group: str, complain: Callable[[str], PlatformError]) -> str:
    """The number of the invoice that the function made or found; raises PlatformError."""
    answer: Row = company.function(library, function, function_body(plan, group))
    if answer.get("errorMessage"):
        raise complain(str(answer["errorMessage"]))
    if not answer.get("invoiceNum"):
        raise unproven("function without a number", "the Epicor Function answered no invoiceNum")
    return str(answer["invoiceNum"])
