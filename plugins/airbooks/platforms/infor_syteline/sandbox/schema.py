"""The IDOs of the simulated site: their properties, keys and how a value is kept. Lengths are from memory, as the contract has them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

Row = dict[str, Any]


class RefusalError(Exception):
    """An application error: HTTP 200 with Success false and this message."""


@dataclass(frozen=True, kw_only=True)
class Prop:
    """One property. `kind`: text, key (blank-padded on the left), decimal, int, flag, date or guid."""

    name: str
    kind: str = "text"
    length: int = 0
    read_only: bool = False
    required: bool = False

    def kept(self, value: str | None) -> str | None:
        """A value from outside as the table keeps it. Raises RefusalError."""
        if value is None or value == "":
            return None
        return {"key": self._key, "decimal": self._decimal, "int": self._int, "flag": self._flag, "date": self._date}.get(
            self.kind, self._text
        )(value)

    def _text(self, value: str) -> str:
        if self.length and len(value) > self.length:
            raise RefusalError(f"The value of property {self.name} is too long: {len(value)} characters, {self.length} are allowed.")
        return value

    def _key(self, value: str) -> str:
        return self._text(value.strip().upper().rjust(self.length))

    def _decimal(self, value: str) -> str:
        try:
            return f"{Decimal(value):.8f}"
        except InvalidOperation:
            raise RefusalError(f"The value of property {self.name} is not a number: {value}") from None

    def _int(self, value: str) -> str:
        if not value.strip().lstrip("-").isdigit():
            raise RefusalError(f"The value of property {self.name} is not a whole number: {value}")
        return str(int(value))

    def _flag(self, value: str) -> str:
        if value not in {"0", "1"}:
            raise RefusalError(f"The value of property {self.name} must be 0 or 1.")
        return value

    def _date(self, value: str) -> str:
        for form in ("%Y%m%d", "%Y%m%d %H:%M:%S.%f"):
            try:
                return f"{datetime.strptime(value, form):%Y%m%d} 00:00:00.000"  # noqa: DTZ007 the vendor's dates have no zone
            except ValueError:
                continue
        raise RefusalError(f"The value of property {self.name} is not a date: {value}")


@dataclass(frozen=True, kw_only=True)
class Ido:
    """One business object over one base table; `keys` make a row unique, `place` is the table that several IDOs may share."""

    name: str
    table: str
    props: tuple[Prop, ...]
    keys: tuple[str, ...]
    place: str = ""
    writable: bool = False

    @property
    def store(self) -> str:
        return self.place or self.name

    def prop(self, name: str) -> Prop:
        for each in self.props:
            if each.name == name:
                return each
        raise RefusalError(f"Property {name} does not exist in IDO {self.name}.")


def _texts(**lengths: int) -> tuple[Prop, ...]:
    return tuple(Prop(name=name, length=length) for name, length in lengths.items())


def _of(kind: str, *names: str, **more: Any) -> tuple[Prop, ...]:
    return tuple(Prop(name=name, kind=kind, **more) for name in names)


CUST = Prop(name="CustNum", kind="key", length=7, required=True)
INV = Prop(name="InvNum", kind="key", length=12)
SYSTEM = (
    Prop(name="RowPointer", kind="guid", read_only=True),
    Prop(name="RecordDate", kind="date", read_only=True),
    Prop(name="CreatedBy", read_only=True),
)
UNITS = _texts(AcctUnit1=4, AcctUnit2=4, AcctUnit3=4, AcctUnit4=4)
SUMS = _of("decimal", "Amount", "Freight", "MiscCharges", "SalesTax", "SalesTax2")
DOCUMENT = (
    CUST,
    INV,
    Prop(name="InvSeq", kind="int", required=True),
    Prop(name="Type", length=1, required=True),
    Prop(name="InvDate", kind="date", required=True),
    Prop(name="DueDate", kind="date"),
    *_texts(TermsCode=3, Description=40, Ref=30, TaxCode1=6, TaxCode2=6, Acct=12, ApprovalStatus=1),
    *SUMS,
    *UNITS,
    Prop(name="ApplyToInvNum", kind="key", length=12),
    Prop(name="CoNum", kind="key", length=10),
    Prop(name="ExchRate", kind="decimal"),
    *_of("flag", "UseExchRate", "FixedRate", "IncludeTaxInPrice"),
)
ADDRESS = (
    CUST,
    Prop(name="CustSeq", kind="int"),
    *_texts(Name=60, Addr_1=50, Addr_2=50, Addr_3=50, City=30, State=5, Zip=10, Country=30, CurrCode=3, BillToEmail=60),
    Prop(name="ExternalEmailAddr", length=60),
)

IDOS: dict[str, Ido] = {
    each.name: each
    for each in (
        Ido(
            name="SLArinvs",
            table="arinv",
            keys=("CustNum", "InvNum", "InvSeq"),
            props=(*DOCUMENT, *_of("text", "CadbtCurrCode", read_only=True), *_of("decimal", "DerAmtTotInv", read_only=True), *SYSTEM),
            writable=True,
        ),
        Ido(
            name="SLArinvds",
            table="arinvd",
            keys=("CustNum", "InvNum", "InvSeq", "DistSeq"),
            props=(
                CUST,
                INV,
                *_of("int", "InvSeq", "DistSeq", required=True),
                *_texts(Acct=12, TaxCode=6),
                *UNITS,
                *_of("decimal", "Amount", "TaxBasis"),
                Prop(name="TaxSystem", kind="int"),
                *SYSTEM,
            ),
            writable=True,
        ),
        Ido(
            name="SLArtrans",
            table="artran",
            keys=("CustNum", "InvNum", "InvSeq", "CheckSeq", "Type"),
            props=(
                *DOCUMENT,
                Prop(name="CheckSeq", kind="int"),
                Prop(name="Active", kind="flag"),
                Prop(name="DiscAmt", kind="decimal"),
                *_texts(BankCode=3, PayType=1),
                *SYSTEM,
            ),
        ),
        Ido(
            name="SLInvHdrs",
            table="inv_hdr",
            keys=("InvNum",),
            props=(INV, CUST, Prop(name="CoNum", kind="key", length=10), Prop(name="Price", kind="decimal"), *SYSTEM),
        ),
        Ido(
            name="SLCustomers",
            table="customer",
            keys=("CustNum", "CustSeq"),
            props=(*ADDRESS, *_texts(TermsCode=3, TaxCode1=6, CustType=6, Slsman=8, BankCode=3), *SYSTEM),
            place="customers",
            writable=True,
        ),
        Ido(name="SLCustAddrs", table="custaddr", keys=("CustNum", "CustSeq"), props=(*ADDRESS, *SYSTEM), place="customers"),
        Ido(
            name="SLArpmts",
            table="arpmt",
            keys=("BankCode", "CustNum", "Type", "CheckNum"),
            props=(
                *_texts(BankCode=3, Type=1, Description=40, Ref=30),
                CUST,
                Prop(name="CheckNum", kind="int", required=True),
                *_of("date", "RecptDate", "DueDate", "DepositDate"),
                *_of("decimal", "ForCheckAmt", "DomCheckAmt", "ExchRate"),
                Prop(name="TransferCash", kind="flag"),
                *_of("decimal", "DerDomRemaining", read_only=True),
                *SYSTEM,
            ),
            writable=True,
        ),
        Ido(
            name="SLArpmtds",
            table="arpmtd",
            keys=("BankCode", "CustNum", "Type", "CheckNum", "InvNum"),
            props=(
                *_texts(BankCode=3, Type=1, Site=8, DiscAcct=12, DepositAcct=12, AllowAcct=12),
                CUST,
                Prop(name="ApplyCustNum", kind="key", length=7),
                INV,
                Prop(name="CheckNum", kind="int", required=True),
                *_of("decimal", "ForAmtApplied", "DomAmtApplied", "ForDiscAmt", "DomDiscAmt"),
                *SYSTEM,
            ),
            writable=True,
        ),
        Ido(name="SLCharts", table="chart", keys=("Acct",), props=(*_texts(Acct=12, Description=40, Type=1, UnitAccess=8), *SYSTEM)),
        Ido(
            name="SLTerms",
            table="terms",
            keys=("TermsCode",),
            props=(
                *_texts(TermsCode=3, Description=40),
                *_of("int", "DueDays", "DiscDays", "ProxDay"),
                *_of("decimal", "DiscPct"),
                *SYSTEM,
            ),
        ),
        Ido(
            name="SLTaxcodes",
            table="taxcode",
            keys=("TaxCode", "TaxSystem"),
            props=(*_texts(TaxCode=6, Description=40), Prop(name="TaxSystem", kind="int"), Prop(name="TaxRate", kind="decimal"), *SYSTEM),
        ),
        *(
            Ido(
                name=f"SLUnitcd{unit}s",
                table=f"unitcd{unit}",
                keys=(f"Unit{unit}",),
                props=(*_texts(**{f"Unit{unit}": 4, "Description": 40}), *SYSTEM),
            )
            for unit in (1, 2, 3, 4)
        ),
        Ido(
            name="SLCurrates",
            table="currate",
            keys=("FromCurrCode", "ToCurrCode"),
            props=(*_texts(FromCurrCode=3, ToCurrCode=3), *_of("decimal", "BuyRate", "SellRate"), *SYSTEM),
        ),
        Ido(name="SLItems", table="item", keys=("Item",), props=(*_texts(Item=30, Description=60, UM=3), *SYSTEM)),
        Ido(
            name="IdoMethods",
            table="idomethod",
            keys=("CollectionName", "MethodName"),
            props=_texts(CollectionName=80, MethodName=80, MethodType=1),
        ),
    )
}


def ido(name: str) -> Ido:
    """An IDO by its name, which is case-sensitive. Raises RefusalError."""
    if name not in IDOS:
        raise RefusalError(f"IDO {name} does not exist.")
    return IDOS[name]
