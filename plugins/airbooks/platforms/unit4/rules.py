"""What goes wrong at Unit4 ERPx, on the two axes, as data: answers of the API, what GL07 reports, what the connector finds out itself."""

from __future__ import annotations

from airbooks.platforms.errors import PERIOD_CLOSED, Action, ErrorRule, Outcome

# Codes that the connector gives: what GL07 wrote into its report, and a report job that ended badly.
GL07, GL07_FAILED = "GL07", "GL07-JOB"

_NO, _MAYBE = Outcome.DID_NOT_HAPPEN, Outcome.UNKNOWN


def _stop(name: str, *codes: str, status: tuple[int, ...] = (), text: str = "", says: str, fix: str) -> ErrorRule:
    return ErrorRule(name=name, action=Action.STOP, outcome=_NO, codes=codes, status=status, text=text, says=says, fix=fix)


def _rejected(name: str, text: str, says: str, fix: str, *, shared: bool = False) -> ErrorRule:
    """What GL07 writes into its report; the vendor's words are UNVERIFIED."""
    return ErrorRule(name=name, action=Action.REVIEW, outcome=_NO, codes=(GL07,), text=text, says=says, fix=fix, shared=shared)


_STAYS = "The rejected batch stays staged in ERPx; a retry replaces it."
_ACCESS = (
    _stop(
        "client refused",
        "invalid_client",
        "unauthorized_client",
        "invalid_scope",
        "invalid_grant",
        "unsupported_grant_type",
        says="Unit4 Identity Services do not accept the client id, its secret or the scope.",
        fix="Correct login, password and scope of the connection; a secret that was not noted must be made anew, for it is shown once.",
    ),
    ErrorRule(name="token refused", action=Action.RENEW, outcome=_NO, status=(401,)),
    _stop(
        "access missing",
        status=(403,),
        says="The ERPx user behind this client has no role for this call, or none in this tenant.",
        fix="Give the user's role access to the transaction batch, report job, customer and object APIs, or correct tenant.",
    ),
    _stop(
        "interface unknown",
        status=(400, 422),
        text=r"interface\b.*(not valid|not exist|unknown|not found)",
        says="The interface code of the batch does not exist in ERPx.",
        fix="Correct interface in the connection, or set the interface up in ERPx.",
    ),
)
_PASSING = (
    ErrorRule(name="throttled", action=Action.WAIT, outcome=_NO, status=(429,)),
    ErrorRule(name="server or gateway failure", action=Action.LOOK_UP, outcome=_MAYBE, status=(408, 500, 502, 503, 504)),
)
# Status and words are UNVERIFIED. The id is ours: what is staged is of an earlier try, and GL07 may post it.
BATCH_EXISTS = ErrorRule(
    name="batch exists already",
    action=Action.LOOK_UP,
    outcome=_MAYBE,
    status=(400, 409),
    text=r"batch\b.*(already exists|duplicate)|duplicate\b.*batch",
    says="A batch with this id is staged already.",
)
_REQUEST = (
    BATCH_EXISTS,
    ErrorRule(
        name="number too large",
        action=Action.REVIEW,
        outcome=_NO,
        status=(400, 422),
        text=r"System\.Int32|overflow",
        says="ERPx reads a number of digits alone as a 32-bit integer, and this one is too large.",
        fix="Give the document a number with a letter.",
    ),
    _stop(
        "not found",
        status=(404,),
        says="The host has no such API, object or company.",
        fix="Correct host, company_id or the name of the object in the connection; the tenant's Swagger page lists them.",
    ),
    ErrorRule(
        name="too large",
        action=Action.REVIEW,
        outcome=_NO,
        status=(413,),
        says="The request is larger than 5 MB.",
        fix="Split the document.",
    ),
    ErrorRule(
        name="refused",
        action=Action.REVIEW,
        outcome=_NO,
        status=(400, 409, 422),
        says="ERPx does not take the batch as it is; nothing was staged.",
        fix="Correct what it complains about; field names that the vendor does not publish can be set in the connection.",
    ),
)
_POSTING = (
    # Only where the tenant checks that a customer has a number once; what we posted ourselves is found in the ledger before this is read.
    _rejected(
        "invoice number used already",
        r"invoice (number|no)\b.*(already|exists|used|duplicate)",
        "The customer has another transaction with this number already.",
        "Compare the two; reverse the wrong one, or give ours another number. " + _STAYS,
    ),
    _rejected(
        PERIOD_CLOSED,
        r"period\b.*(closed|locked|not open|not valid)",
        "The period of the posting is closed or not defined.",
        "Give it a posting date in an open period, or open the period. " + _STAYS,
        shared=True,
    ),
    _rejected(
        "customer not valid",
        r"customer\b.*(not valid|not found|closed|does not exist)",
        "ERPx has no open customer with this id.",
        "Open or create the customer in ERPx, then answer Retry. " + _STAYS,
    ),
    _rejected(
        "tax code not valid",
        r"tax (code|system)\b",
        "The tax code is not known in ERPx, or does not agree with the rate.",
        "Correct the mapping of the tax code. " + _STAYS,
    ),
    _rejected(
        "account or dimension not valid",
        r"account|dimension|attribute",
        "An account does not exist, or its account rule asks for another dimension.",
        "Correct the mapping of the account or dimension, or the dimensions in the sales system. " + _STAYS,
    ),
    _rejected(
        "voucher does not balance",
        r"balance",
        "The voucher does not balance.",
        "Set a rounding account in the connection. " + _STAYS,
    ),
    ErrorRule(
        name="rejected by GL07",
        action=Action.REVIEW,
        outcome=_NO,
        codes=(GL07,),
        says="GL07 did not post the voucher.",
        fix="Correct what its report complains about. " + _STAYS,
    ),
    ErrorRule(
        name="GL07 ended badly",
        action=Action.REVIEW,
        outcome=_NO,
        codes=(GL07_FAILED,),
        says="The report job GL07 was cancelled or failed, and posted nothing of this batch.",
        fix="See the job in ERPx (Maintenance of ordered reports), mend its cause, then answer Retry. " + _STAYS,
        shared=True,
    ),
)
ERRORS = (*_ACCESS, *_PASSING, *_REQUEST, *_POSTING)

# What the connector itself finds out before, between or after requests.
NO_MAPPING = ErrorRule(name="code without mapping", action=Action.REVIEW, outcome=_NO)
NO_CUSTOMER = ErrorRule(
    name="customer unknown",
    action=Action.REVIEW,
    outcome=_NO,
    says="ERPx has no customer with this code, and the connection does not create customers.",
    fix="Create the customer in ERPx with our code as customer id or external reference, or set create_customers; then answer Retry.",
)
CUSTOMER_CLOSED = ErrorRule(
    name="customer closed",
    action=Action.REVIEW,
    outcome=_NO,
    says="The customer is closed in ERPx.",
    fix="Set its payment status to N in ERPx, then answer Retry.",
)
POSTED_IS_FINAL = ErrorRule(
    name="posted voucher is final",
    action=Action.REVIEW,
    outcome=_NO,
    says="A voucher that GL07 has posted can neither be changed nor deleted.",
    fix="Void it (a reversing voucher is posted) and send the corrected document under a new number, or send a credit note.",
)
SETTLED = ErrorRule(
    name="settled already",
    action=Action.REVIEW,
    outcome=_NO,
    says="Payments or credits are matched against it.",
    fix="Undo the matching in ERPx, then answer Retry; or send a credit note.",
)
CHANGED_THERE = ErrorRule(
    name="not in the ledger",
    action=Action.REVIEW,
    outcome=_NO,
    says="The voucher that is to be reversed cannot be read in the ledger as it was posted.",
    fix="Reverse it in ERPx by hand. Without the names of the tenant's ledger objects in the connection no voucher can be read.",
)
OVERPAID = ErrorRule(
    name="more than is open",
    action=Action.REVIEW,
    outcome=_NO,
    says="The payment settles more of an invoice than is open, or one in another currency or of another customer.",
    fix="Allocate the payment anew.",
)
BOOKED_OTHERWISE = ErrorRule(
    name="payment booked otherwise",
    action=Action.REVIEW,
    outcome=_NO,
    says="The payment is in ERPx already, with another amount, currency or customer.",
    fix="Compare the two; reverse the wrong one in ERPx.",
)
NO_RATE = ErrorRule(
    name="exchange rate missing",
    action=Action.REVIEW,
    outcome=_NO,
    says="A payment in a foreign currency that settles no invoice brings no exchange rate.",
    fix="Give the payment an exchange rate.",
)
STAGED_WITH_ERRORS = ErrorRule(
    name="staged with errors",
    action=Action.REVIEW,
    outcome=_NO,
    says="ERPx took the batch and complained about it in the same answer; it was removed again.",
    fix="Correct what it complains about, then answer Retry.",
)
# Whether the batch is staged, or what GL07 does with it, is not known now.
NOT_WITHDRAWN = ErrorRule(name="staged, and not withdrawn", action=Action.LOOK_UP, outcome=_MAYBE)
STILL_STAGED = ErrorRule(
    name="GL07 has not posted it yet",
    action=Action.LOOK_UP,
    outcome=_MAYBE,
    says="The payment is staged and waits for GL07.",
    fix="See that GL07 runs for the interface; the payment is looked up again and not staged twice.",
)
