"""The shape of a request: what the gateway checks before it looks at a password (XL03000003 otherwise).

Content models are in the vendor's own notation, a DTD: the order of child elements is part of the contract. Elements whose content
is free (generic `create`, `query`) are checked by the functions themselves.
"""

from __future__ import annotations

from copy import deepcopy
from io import StringIO

from lxml import etree

SKELETON = """
<!ELEMENT request (control, operation)>
<!ELEMENT control (senderid, password, controlid, uniqueid?, dtdversion, policyid?, includewhitespace?, showadditionalerrorinfo?)>
<!ELEMENT operation (authentication, content)>
<!ATTLIST operation transaction (true|false) #IMPLIED>
<!ELEMENT authentication (login|sessionid)>
<!ELEMENT login (userid, companyid, password, clientid?, locationid?)>
<!ELEMENT content (function+)>
<!ELEMENT function EMPTY>
<!ATTLIST function controlid CDATA #REQUIRED>
"""
SKELETON_TEXT = (
    "senderid password controlid uniqueid dtdversion policyid includewhitespace showadditionalerrorinfo "
    "sessionid userid companyid clientid locationid"
)

# Functions whose content the gateway leaves to the objects behind them.
FREE = frozenset({"query", "read", "readByQuery", "readMore", "lookup", "create", "delete"})

MONEY = "(basecurr?, currency, ((exchratedate?, exchratetype) | exchrate))?"
LINE_HEAD = (
    "(glaccountno|accountlabel), offsetglaccountno?, amount, allocationid?, memo?, locationid?, departmentid?, key?, totalpaid?, "
    "totaldue?, customfields?"
)
LINE_REVENUE = "revrectemplate?, defrevaccount?, revrecstartdate?, revrecenddate?"
LINE_DIMENSIONS = "projectid?, taskid?, costtypeid?, customerid?, vendorid?, employeeid?, itemid?, classid?, contractid?, warehouseid?"
CHANGED_LINE = (
    "(glaccountno|accountlabel)?, offsetglaccountno?, amount?, memo?, locationid?, departmentid?, customfields?, "
    f"{LINE_REVENUE}, {LINE_DIMENSIONS}, taxentries?"
)

SHARED = f"""
<!ELEMENT datecreated (year, month, day)>
<!ELEMENT dateposted (year, month, day)>
<!ELEMENT datedue (year, month, day)>
<!ELEMENT exchratedate (year, month, day)>
<!ELEMENT datereversed (year, month, day)>
<!ELEMENT datereceived (year, month, day)>
<!ELEMENT paymentdate (year, month, day)>
<!ELEMENT revrecstartdate (year, month, day)>
<!ELEMENT revrecenddate (year, month, day)>
<!ELEMENT billto (contactname)>
<!ELEMENT shipto (contactname)>
<!ELEMENT payto (contactname)>
<!ELEMENT returnto (contactname)>
<!ELEMENT customfields (customfield+)>
<!ELEMENT customfield (customfieldname, customfieldvalue)>
<!ELEMENT taxentries (taxentry+)>
<!ELEMENT taxentry (detailid, trx_tax?)>
<!ELEMENT updatelineitem ({CHANGED_LINE})>
<!ATTLIST updatelineitem line_num CDATA #REQUIRED>
"""
SHARED_TEXT = (
    "customerid termname batchkey action invoiceno adjustmentno ponumber onhold description externalid basecurr currency exchratetype "
    "exchrate nogl supdocid taxsolutionid glaccountno accountlabel offsetglaccountno amount allocationid memo locationid departmentid "
    "key totalpaid totaldue revrectemplate defrevaccount projectid taskid costtypeid vendorid employeeid itemid classid contractid "
    "warehouseid totaltrxamount detailid trx_tax year month day contactname customfieldname customfieldvalue nsfclosedaccount "
    "paymentamount translatedamount bankaccountid undepfundsacct refid overpaylocid overpaydeptid paymentmethod cctype authcode "
    "invoicekey arpaymentkey"
)
ADDRESSED = "key CDATA #REQUIRED externalkey (true|false) #IMPLIED"

FUNCTIONS = {
    "getAPISession": "<!ELEMENT getAPISession (locationid?)>",
    "create_invoice": f"""
        <!ELEMENT create_invoice (customerid, datecreated, dateposted?, ((datedue, termname?) | termname),
            ((batchkey, action?) | (action, batchkey?))?, invoiceno?, ponumber?, onhold?, description?, externalid?, billto?, shipto?,
            {MONEY}, nogl?, supdocid?, taxsolutionid?, customfields?, invoiceitems)>
        <!ELEMENT invoiceitems (lineitem+)>
        <!ELEMENT lineitem ({LINE_HEAD}, {LINE_REVENUE}, {LINE_DIMENSIONS}, taxentries?)>""",
    "update_invoice": f"""
        <!ELEMENT update_invoice (customerid?, datecreated?, dateposted?, datedue?, termname?, action?, invoiceno?, ponumber?,
            description?, payto?, returnto?, {MONEY}, supdocid?, customfields?, updateinvoiceitems)>
        <!ATTLIST update_invoice {ADDRESSED} set_nulls (true|false) #IMPLIED>
        <!ELEMENT updateinvoiceitems (updatelineitem|lineitem)+>
        <!ELEMENT lineitem ({LINE_HEAD}, {LINE_REVENUE}, {LINE_DIMENSIONS}, taxentries?)>""",
    "reverse_invoice": """
        <!ELEMENT reverse_invoice (datereversed, description?)>
        <!ATTLIST reverse_invoice key CDATA #REQUIRED>""",
    "delete_invoice": f"<!ELEMENT delete_invoice EMPTY><!ATTLIST delete_invoice {ADDRESSED}>",
    "create_aradjustment": f"""
        <!ELEMENT create_aradjustment (customerid, datecreated, dateposted?, batchkey?, adjustmentno?, action?, invoiceno?, description?,
            externalid?, {MONEY}, nogl?, taxsolutionid?, customfields?, aradjustmentitems)>
        <!ELEMENT aradjustmentitems (lineitem+)>
        <!ELEMENT lineitem ({LINE_HEAD}, {LINE_DIMENSIONS}, totaltrxamount?, taxentries?)>""",
    "update_aradjustment": f"""
        <!ELEMENT update_aradjustment (customerid?, datecreated?, dateposted?, adjustmentno?, action?, invoiceno?, description?,
            {MONEY}, updatearadjustmentitems?)>
        <!ATTLIST update_aradjustment {ADDRESSED}>
        <!ELEMENT updatearadjustmentitems (updatelineitem|lineitem)+>
        <!ELEMENT lineitem ({LINE_HEAD}, {LINE_DIMENSIONS}, totaltrxamount?, taxentries?)>""",
    "delete_aradjustment": f"<!ELEMENT delete_aradjustment EMPTY><!ATTLIST delete_aradjustment {ADDRESSED}>",
    "create_arpayment": f"""
        <!ELEMENT create_arpayment (customerid, paymentamount, translatedamount?, (batchkey|bankaccountid|undepfundsacct), refid?,
            overpaylocid?, overpaydeptid?, datereceived?, paymentmethod?, {MONEY}, cctype?, authcode?, arpaymentitem*)>
        <!ELEMENT arpaymentitem (invoicekey, amount)>""",
    "apply_arpayment": """
        <!ELEMENT apply_arpayment (arpaymentkey, paymentdate, memo?, overpaylocid?, overpaydeptid?, arpaymentitems)>
        <!ELEMENT arpaymentitems (arpaymentitem+)>
        <!ELEMENT arpaymentitem (invoicekey, amount)>""",
    "reverse_arpayment": """
        <!ELEMENT reverse_arpayment (datereversed, description?, nsfclosedaccount?)>
        <!ATTLIST reverse_arpayment key CDATA #REQUIRED>""",
}


def _dtd(rules: str, texts: str) -> etree.DTD:
    return etree.DTD(StringIO(rules + "".join(f"<!ELEMENT {name} (#PCDATA)>" for name in texts.split())))


_SKELETON = _dtd(SKELETON, SKELETON_TEXT)
_FUNCTIONS = {name: _dtd(SHARED + rules, SHARED_TEXT) for name, rules in FUNCTIONS.items()}


class MalformedError(Exception):
    """The request is not what the schema asks for; the text says where."""


def parse(body: bytes) -> etree._Element:
    """The request, well-formed and valid, or MalformedError."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True, remove_blank_text=True)
    try:
        request = etree.fromstring(body, parser)
    except etree.XMLSyntaxError as error:
        raise MalformedError(f"XML Parse schema error: {error.msg}") from error
    _check_skeleton(request)
    for function in request.iterfind("operation/content/function"):
        _check_function(function)
    return request


def _check_skeleton(request: etree._Element) -> None:
    pruned = deepcopy(request)
    for function in pruned.iterfind("operation/content/function"):
        for child in list(function):
            function.remove(child)
        function.text = None
    _validate(_SKELETON, pruned)
    control_id = request.findtext("control/controlid") or ""
    if not 1 <= len(control_id) <= 256:
        raise MalformedError("XML Parse schema error: controlid must have 1 to 256 characters")
    if request.findtext("control/dtdversion") != "3.0":
        raise MalformedError("XML Parse schema error: dtdversion must be 3.0")


def _check_function(function: etree._Element) -> None:
    if len(function) != 1:
        raise MalformedError("XML Parse schema error: a function element holds one function")
    call = function[0]
    if call.tag in FREE:
        return
    if call.tag not in _FUNCTIONS:
        raise MalformedError(f"XML Parse schema error: Element '{call.tag}': This element is not expected.")
    _validate(_FUNCTIONS[call.tag], call)


def _validate(dtd: etree.DTD, element: etree._Element) -> None:
    try:
        dtd.assertValid(deepcopy(element))
    except etree.DocumentInvalid as error:
        raise MalformedError(f"XML Parse schema error: {error}") from error
