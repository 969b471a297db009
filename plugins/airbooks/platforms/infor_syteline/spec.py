"""SyteLine as plain data: connection form, limits, capabilities, and what its errors mean (Mongoose REST service v2)."""

from __future__ import annotations

from typing import Any

from airbooks.platforms.errors import PERIOD_CLOSED, Action, ErrorRule, Outcome
from airbooks.platforms.references import ReferenceKind
from airbooks.platforms.spec import Capability, FormField, Idempotency, Limits, PaymentFeature, PlatformSpec, StandardField

INV_NUM = 12  # characters of InvNum (from memory, as the other lengths here)
REF = 30
DESCRIPTION = 40
CUST_NUM = 7
DIRECT, ION = "direct", "ion"
POST_NONE, POST_METHOD, POST_EVENT = "none", "method", "event"
BY_INV_NUM, BY_REF = "InvNum", "Ref"
SEPARATE, NESTED = "separate", "nested"
TOKEN_SECONDS = 7200

_NO = Outcome.DID_NOT_HAPPEN


def _rule(name: str, action: Action, outcome: Outcome = _NO, **parts: Any) -> ErrorRule:
    return ErrorRule(name=name, action=action, outcome=outcome, **parts)


# What the connector itself finds out before or between requests.
LOGIN_REFUSED = _rule(
    "log-in refused",
    Action.STOP,
    says="SyteLine does not accept the user, the password or the configuration.",
    fix="Correct the Mongoose user and password, and the name of the configuration, in the connection.",
)
UNFIT = _rule("code not usable", Action.REVIEW)
NO_CUSTOMER = _rule(
    "customer not usable", Action.REVIEW, fix="Correct the customer in SyteLine, or send the document again to find it anew."
)
OTHER_CUSTOMER = _rule(
    "customer number taken",
    Action.REVIEW,
    says="The customer number that ours would get belongs to somebody else in SyteLine.",
    fix="Give the customer in SyteLine our name or our billing e-mail address, so that it is recognised, or create it there under them.",
)
CUSTOMER_BY_HAND = _rule(
    "customers cannot be made here",
    Action.REVIEW,
    says="SLCustomers does not let this connection write a customer's name and currency.",
    fix="Create the customer in SyteLine with our name, billing e-mail address and currency, then answer Retry.",
)
NUMBER_TAKEN = _rule(
    "number taken by an order invoice",
    Action.REVIEW,
    says="SyteLine's own order invoicing has used this invoice number.",
    fix="Keep the numbers of the two series apart (invoice categories and sequences), and renumber the document.",
)
POSTING_UNSET = _rule("posting not set up", Action.STOP, fix="Fill in the posting fields of the connection, or set its posting to none.")
NOT_POSTED = _rule(
    "not posted",
    Action.REVIEW,
    says="SyteLine skipped the document when posting; it is still unposted.",
    fix="Look at the posting report: open period, distributions, the printed transaction report, approval; then answer Retry.",
)
FIXED = _rule(
    "posted document is fixed",
    Action.REVIEW,
    says="A posted A/R document can be neither changed nor deleted.",
    fix="Void it and send a new one, or correct it by a credit memo.",
)
SETTLED = _rule(
    "paid or credited",
    Action.REVIEW,
    says="Payments or credits are applied to the document.",
    fix="Take them back in SyteLine first, or send a credit note instead.",
)
CREDIT_STAYS = _rule(
    "posted credit memo stays",
    Action.REVIEW,
    says="A posted credit memo cannot be taken back by this connector.",
    fix="Enter a debit memo in SyteLine, or send an invoice.",
)
CHANGED_THERE = _rule("changed by another user", Action.REREAD)
GONE = _rule("gone", Action.REVIEW, says="The document is no longer in SyteLine.", fix="Restore it there, or answer Reject.")
NOT_BEGUN = _rule("not begun", Action.RETRY)
BROKEN_OFF = _rule("broken off half-way", Action.LOOK_UP, Outcome.UNKNOWN)
NO_REVENUE_ACCOUNT = _rule(
    "no account for the reversal",
    Action.REVIEW,
    says="The credit memo that voids a posted invoice needs a revenue account.",
    fix="Set revenue_account in the connection, then answer Retry.",
)
PAYMENT_UNFIT = _rule("payment cannot be expressed", Action.REVIEW, fix="Book it in SyteLine by hand.")
PAYMENT_DIFFERS = _rule(
    "payment number used", Action.REVIEW, fix="Compare the payment in SyteLine with ours; correct one of them, then answer Retry."
)
NOT_SEEN = _rule("booked, but not to be seen", Action.LOOK_UP, Outcome.UNKNOWN)

NUMBERING_LOCKED = r"sequenc\w+ .*(locked|in use)"
NUMBERING_PAUSE = 30.0  # the vendor advises 30 to 120 s
_ABSENT = r"not found|does not exist|is unknown|is not valid|is not defined"
_ACCESS = (
    _rule(
        "client refused",
        Action.STOP,
        codes=("invalid_client", "unauthorized_client", "invalid_grant", "unsupported_grant_type", "invalid_request", "invalid_scope"),
        says="The ION gateway's log-in does not accept the client or the service account.",
        fix="Renew the backend service's credentials in ION API and store ci, cs, saak and sask of its .ionapi file in the connection.",
    ),
    _rule("token expired", Action.RENEW, text=r"invalid token|token (has |is )?expired|validating OAuth credentials"),
    _rule("token refused", Action.RENEW, status=(401,)),
    _rule(
        "no licence",
        Action.STOP,
        text=r"not licensed",
        says="The Mongoose user is not licensed for what the message names, or all seats are taken.",
        fix="Give the Mongoose user a licence for the modules, or free a seat.",
    ),
    _rule(
        "privilege missing",
        Action.STOP,
        text=r"requires? \[?\w+\]? privilege",
        says="The Mongoose user may not do this in SyteLine.",
        fix="Give the user's group the privilege on the IDO that the message names (Object Authorizations for Group).",
    ),
    _rule(
        "forbidden",
        Action.STOP,
        status=(403,),
        says="The ION gateway does not let the service account reach SyteLine.",
        fix="Allow the service account this suite in the ION gateway.",
    ),
    _rule(
        "wrong verb",
        Action.STOP,
        status=(405,),
        says="What answers at this address is not the IDO REST service, version 2.",
        fix="Correct the host, tenant and suite of the connection: the path is not IDO REST v2.",
    ),
    _rule(
        "path unknown",
        Action.STOP,
        status=(404,),
        says="There is no IDO REST service at this address.",
        fix="Correct the host, tenant and suite of the connection.",
    ),
    _rule(
        "IDO, property or method unknown",
        Action.STOP,
        text=rf"\bIDO\b.*({_ABSENT})|({_ABSENT}).*\bIDO\b|\b(property|event|configuration) \w+ ({_ABSENT})",
        says="This SyteLine does not have an IDO, property, method, event or configuration that the connector needs.",
        fix="The version of SyteLine lacks what the message names, or the connection names it wrongly: check it in IDO Collections.",
    ),
    _rule(
        "bad filter",
        Action.STOP,
        text=r"IllegalFilter",
        says="SyteLine does not understand a question of the connector.",
        fix="Report the message: a value cannot be put into a filter.",
    ),
)
_PASSING = (
    _rule("throttled", Action.WAIT, status=(429,)),
    _rule(
        "numbering locked",
        Action.RETRY,
        text=NUMBERING_LOCKED,
        says="Another invoicing task holds the number sequence.",
        fix="Nothing: it is sent again when the other task is done.",
    ),
    _rule("deadlock", Action.RETRY, text=r"deadlock"),
    _rule("server or gateway time-out", Action.LOOK_UP, Outcome.UNKNOWN, status=(408, 500, 502, 503, 504)),
    _rule("changed by another user", Action.REREAD, text=r"(changed|modified|updated|deleted) by another (user|process)"),
)
_DATA = (
    _rule(
        PERIOD_CLOSED,
        Action.REVIEW,
        shared=True,
        text=r"open accounting period|period .*\bclosed\b",
        says="The invoice date is not within an open accounting period.",
        fix="Open the period in Accounting Periods, or give the document another posting date.",
    ),
    _rule(
        "exists already",
        Action.LOOK_UP,
        text=r"already exists",
        says="SyteLine already has a document or customer with this number.",
        fix="Compare the two; delete the wrong one, or give ours another number.",
    ),
    _rule(
        "code unknown there",
        Action.REVIEW,
        text=r"does not exist",
        says="A customer, account, tax code or other code of the document is not in SyteLine.",
        fix="Correct the mapping, or add the code in SyteLine.",
    ),
    _rule(
        "unit code",
        Action.REVIEW,
        text=r"unit code",
        says="The account does not take this unit code, or wants one.",
        fix="Correct the unit codes' access on the account, or the dimensions' mapping.",
    ),
    _rule(
        "too long",
        Action.REVIEW,
        text=r"too long|exceeds .*length|would be truncated",
        says="A text is longer than SyteLine keeps.",
        fix="Shorten what the message names.",
    ),
    # A method may have tried anything; each document's table is read afterwards.
    _rule(
        "method failed",
        Action.REVIEW,
        codes=("ReturnValue",),
        says="The posting routine of SyteLine refused the document.",
        fix="Mend what the message names in SyteLine, then answer Retry.",
    ),
    _rule(
        "refused",
        Action.REVIEW,
        status=(200, 400),
        says="SyteLine does not take the document as it is.",
        fix="Correct what its words name, in the document or its mapping, then answer Retry.",
    ),
)

_FORM = (
    FormField(name="mode", label="Door", default=ION, choices=(ION, DIRECT), help="ion: the ION API gateway (cloud); direct: on premise."),
    FormField(name="config", label="Configuration", required=True, help="Mongoose configuration: application database and site."),
    FormField(name="tenant", label="Tenant (ion)", help="ti of the .ionapi file."),
    FormField(name="suite", label="Suite (ion)", default="CSI", help="The suite's name in the gateway's path."),
    FormField(name="client_id", label="Client id (ion)", help="ci of the .ionapi file."),
    FormField(name="client_secret", label="Client secret (ion)", secret=True, help="cs of the .ionapi file."),
    FormField(name="token_url", label="Token end point (ion)", help="pu + ot of the .ionapi file."),
    FormField(name="home_currency", label="Domestic currency", default="USD", help="ISO 4217, as in Multi-Currency Parameters."),
    FormField(name="site", label="Site", help="The site's code; A/R payments name it in their distributions."),
    FormField(name="ar_account", label="A/R account", required=True, help="Control account of invoices and memos."),
    FormField(name="tax_account", label="Sales tax account", required=True, help="Account of the tax distributions."),
    FormField(
        name="revenue_account",
        label="Revenue account",
        help="For lines without an account, and for the credit memo that voids a posted invoice (its distributions are gone by then).",
    ),
    FormField(
        name="number_field",
        label="Where our number stands",
        default=BY_INV_NUM,
        choices=(BY_INV_NUM, BY_REF),
        help="InvNum: it becomes the invoice number (12 characters). Ref: SyteLine numbers, ours is the reference (30).",
    ),
    FormField(
        name="distributions",
        label="How distributions are sent",
        default=SEPARATE,
        choices=(SEPARATE, NESTED),
        help="separate: one request each. nested: head and distributions in one transaction; try it on a test configuration first.",
    ),
    FormField(
        name="post_mode",
        label="Posting",
        default=POST_NONE,
        choices=(POST_NONE, POST_METHOD, POST_EVENT),
        help="none: left to the finance team's posting task. method: an IDO method of SLArinvs. event: an application event.",
    ),
    FormField(name="post_method", label="Posting method or event", help="Its name differs by version: see IDO Methods."),
    FormField(
        name="post_method_params",
        label="Its parameters",
        help="method: JSON list in order (null: output); event: JSON object. {CustNum} {InvNum} {InvSeq} {Type} {InvDate} are filled in.",
    ),
    FormField(name="payment_post_method", label="Payment posting method or event", help="The same for payments (SLArpmts)."),
    FormField(
        name="payment_post_params",
        label="Its parameters",
        help="As above, with {BankCode}, {CustNum}, {Type}, {CheckNum}.",
    ),
    FormField(name="bank_code", label="Bank code", help="Where received payments go."),
    FormField(name="discount_account", label="Discount account", help="For early-payment discounts of received payments."),
    FormField(
        name="rate_is_divisor", label="Rates are divisors", kind="boolean", default=False, help="As set for the currency in SyteLine."
    ),
    FormField(name="customer_terms", label="Terms of new customers", help="TermsCode; empty: none."),
    FormField(name="customer_type", label="Type of new customers", help="CustType; empty: none."),
    FormField(
        name="time_zone",
        label="Time zone of the server",
        default="UTC",
        help="IANA name: RecordDate is the server's local time without zone.",
    ),
)

SPEC = PlatformSpec(
    slug="infor_syteline",
    title="Infor CloudSuite Industrial (SyteLine)",
    class_prefix="InforSyteLine",
    docs="docs.infor.com (Infor Mongoose REST API Reference, CloudSuite Industrial Online Help)",
    blueprint_endpoint="IDO calls: SLInvoice object creation triggered by an ERP event",
    real_endpoint="POST /IDORequestService/ido/update/SLArinvs, then SLArinvds; posting by a configured method or event",
    endpoint_note=(
        "There is no IDO SLInvoice. SLArinvs holds unposted A/R documents (no item lines: revenue per account in SLArinvds); posting moves"
        " them to SLArtrans. An application event is offered as one way of posting."
    ),
    limits=Limits(concurrent=4, throttle_seconds=10.0),
    idempotency=Idempotency.NONE,
    capabilities=frozenset(
        {
            Capability.POST_STEP,
            Capability.UPDATE_DRAFT,
            Capability.VOID,
            Capability.CREDIT_NOTES,
            Capability.OWN_NUMBER,
            Capability.VERSION_TOKEN,
            Capability.MULTI_CURRENCY,
            Capability.EXCHANGE_RATE,
            Capability.LINE_DISCOUNT,
            Capability.DOCUMENT_DISCOUNT,
            Capability.DIMENSIONS,
            Capability.TAX_GIVEN,
            Capability.PAYMENTS_IN,
            Capability.PAYMENTS_OUT,
        }
    ),
    payment_features=frozenset(
        {
            PaymentFeature.SEVERAL_DOCUMENTS,
            PaymentFeature.ON_ACCOUNT,
            PaymentFeature.DISCOUNT,  # on the discount account of the connection
            PaymentFeature.EXCHANGE_RATE,
            PaymentFeature.ALLOCATIONS_TOLD,
            PaymentFeature.REVERSALS_TOLD,
        }
    ),
    receipts_on="bank_code",
    standard_fields=(
        StandardField(name="host", label="Base URL (ion: iu of the .ionapi file)", placeholder="https://mingle-ionapi.inforcloudsuite.com"),
        StandardField(name="login", label="Mongoose user (ion: saak)"),
        StandardField(name="password", label="Password (ion: sask)"),
    ),
    form=_FORM,
    reference_kinds=(ReferenceKind.ACCOUNT, ReferenceKind.TAX_CODE, ReferenceKind.TERMS, ReferenceKind.DIMENSION),
    errors=(*_ACCESS, *_PASSING, *_DATA),
    settle_seconds=240,
    read_timeout_seconds=120.0,
    number_max=INV_NUM,
    customer_per_currency=True,
    unverified=(
        "Property names of SLArinvds; that a DistSeq may leave gaps (lines from 1, allowances and charges from 5001, taxes from 9001).",
        "Posting and distribution methods: names and parameters are configuration; discover them in IdoMethods and IdoMethodParameters.",
        "Whether the transaction report must be printed before a posting method runs: then the method has to see to it.",
        "InvNum left blank over REST (number_field Ref): expected to take the next number of SLInvSequences.",
        "Lengths (InvNum 12, CustNum 7, Ref 30, Description 40, TermsCode 3, unit codes 4): from memory; /info tells.",
        "Signs in SLArtrans: all stored positive, the type gives the direction (from memory).",
        "Words of errors: only their sense is documented; an unknown refusal inside HTTP 200 is for a person.",
        "429 from the gateway without documented headers; the life of a direct token (two hours are assumed, an earlier end is noticed).",
        "Which columns SLCustomers lets write: read from /info before a customer is made.",
        "That the credit memo that voids a posted invoice may bear its number with InvSeq 1.",
        "Open money of a payment: a distribution to invoice 0 (from memory). That Ref of a payment reaches SLArtrans.",
        "IDO and property names of the lists SLCharts, SLUnitcd1s to 4s, SLCurrates and SLItems (from memory).",
        "That no log-out is needed (from memory); tokens are kept until they end, and shared by the workers of a connection.",
        "Whether a rate means domestic per foreign or its inverse depends on the currency (rate_is_divisor).",
        "That posting makes new row pointers: a document's id here is therefore CustNum, InvNum and InvSeq.",
    ),
)
