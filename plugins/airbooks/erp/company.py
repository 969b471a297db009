"""The demo supplier: its divisions, tax codes, terms, currencies, items and the words its customers are named with."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

# What kind of customer it is. Nearly half of them are the main business, whose books the division's main company file keeps; each side
# business may have a company file of its own.
MAIN_CLASSES = ("WHOLESALE", "WHOLESALE", "WHOLESALE", "SERVICE", "SERVICE")
SIDE_CLASSES = ("TRADE", "RENTAL", "ONLINE", "OEM", "PUBLIC", "EXPORT", "DEALER")
CUSTOMER_CLASSES = (*MAIN_CLASSES, *SIDE_CLASSES)


@dataclass(frozen=True, slots=True)
class Division:
    """A selling company of the group; `currency` is the one its books are kept in."""

    code: str
    name: str
    line1: str
    city: str
    region: str
    postal_code: str
    country: str
    currency: str
    vat_id: str
    tax_registration: str


@dataclass(frozen=True, slots=True)
class TaxCode:
    """A tax code of the sales system: UNCL5305 category, rate in per cent, and why no tax is charged where that needs a reason."""

    code: str
    country: str
    category: str
    rate: Decimal
    exemption_reason: str = ""


@dataclass(frozen=True, slots=True)
class Terms:
    """Payment terms: net days, and the early-payment discount in per cent within so many days."""

    code: str
    net_days: int
    discount_percent: Decimal | None = None
    discount_days: int | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """A row of the catalogue."""

    code: str
    name: str
    kind: str
    revenue_group: str
    unit: str
    list_price_usd: Decimal

    @property
    def serial_tracked(self) -> bool:
        return self.code.startswith(("CMP-", "DRY-"))


@dataclass(frozen=True, slots=True)
class Region:
    """Where customers sit, and the tax code that follows from it."""

    cities: tuple[tuple[str, str, str], ...]  # city, state or county, postal code
    country: str
    tax_code: str
    weight: int


DIVISIONS = {
    each.code: each
    for each in (
        Division("US", "Airline Compressors Inc.", "4100 Clinton Drive", "Houston", "TX", "77020", "US", "USD", "", "74-2918365"),
        Division("UK", "Airline Compressors Ltd", "18 Chapel Street", "Liverpool", "Merseyside", "L3 9AG", "GB", "GBP", "GB714285603", ""),
        Division("AU", "Airline Compressors Pty Ltd", "77 Footscray Road", "Melbourne", "VIC", "3008", "AU", "AUD", "AU51824753556", ""),
        Division("EU", "Airline Kompressoren GmbH", "Hafenstrasse 12", "Hamburg", "Hamburg", "20457", "DE", "EUR", "DE284619357", ""),
    )
}
# A division that sales has opened and that nobody has told the books about.
NEW_DIVISION = Division("NZ", "Airline Compressors NZ Ltd", "5 Quay Street", "Auckland", "", "1010", "NZ", "NZD", "NZ123456789", "")

PER_USD = {"USD": Decimal(1), "GBP": Decimal("0.79"), "AUD": Decimal("1.52"), "EUR": Decimal("0.92")}

TAX_CODES = {
    each.code: each
    for each in (
        TaxCode("US-TX", "US", "S", Decimal("8.25")),
        TaxCode("US-CA", "US", "S", Decimal("7.25")),
        TaxCode("US-EX", "US", "E", Decimal(0), "Resale or exempt service"),
        TaxCode("GB-S20", "GB", "S", Decimal(20)),
        TaxCode("GB-R5", "GB", "S", Decimal(5)),
        TaxCode("GB-Z0", "GB", "Z", Decimal(0)),
        TaxCode("GB-RC", "GB", "AE", Decimal(0), "Reverse charge: customer to account for the VAT to HMRC"),
        TaxCode("AU-GST10", "AU", "S", Decimal(10)),
        TaxCode("AU-FREE", "AU", "Z", Decimal(0)),
        TaxCode("AU-EXP", "AU", "G", Decimal(0), "Export of goods"),
        TaxCode("AU-GST15", "AU", "S", Decimal(15)),
        TaxCode("DE-S19", "DE", "S", Decimal(19)),
        TaxCode("DE-R7", "DE", "S", Decimal(7)),
        TaxCode("DE-IC", "DE", "K", Decimal(0), "Intra-Community supply"),
        TaxCode("DE-EXP", "DE", "G", Decimal(0), "Export outside the EU"),
        TaxCode("NZ-GST15", "NZ", "S", Decimal(15)),
    )
}

TERMS = {
    each.code: each
    for each in (
        Terms("Net 30", 30),
        Terms("Net 14", 14),
        Terms("2% 10 Net 30", 30, Decimal(2), 10),
        Terms("Due on receipt", 0),
        Terms("Net 45 EOM", 45),
    )
}

REGIONS = {
    "US": (
        Region((("Houston", "TX", "77003"), ("Dallas", "TX", "75201"), ("Midland", "TX", "79701")), "US", "US-TX", 5),
        Region((("Fresno", "CA", "93650"), ("Oakland", "CA", "94601"), ("Bakersfield", "CA", "93301")), "US", "US-CA", 4),
        Region((("Tulsa", "OK", "74103"), ("Reno", "NV", "89501")), "US", "US-EX", 1),
    ),
    "UK": (
        Region((("Leeds", "West Yorkshire", "LS1 4AP"), ("Hull", "East Yorkshire", "HU1 2AA")), "GB", "GB-S20", 6),
        Region((("Bristol", "Avon", "BS1 5TR"), ("Swansea", "Glamorgan", "SA1 3SN")), "GB", "GB-S20", 4),
        Region((("St Helier", "Jersey", "JE2 3QA"),), "JE", "GB-Z0", 1),
    ),
    "AU": (
        Region((("Geelong", "VIC", "3220"), ("Newcastle", "NSW", "2300"), ("Perth", "WA", "6000")), "AU", "AU-GST10", 8),
        Region((("Auckland", "", "1010"), ("Dunedin", "", "9016")), "NZ", "AU-EXP", 2),
    ),
    "EU": (
        Region((("Bremen", "Bremen", "28195"), ("Kassel", "Hessen", "34117"), ("Ulm", "Bayern", "89073")), "DE", "DE-S19", 6),
        Region((("Lyon", "", "69002"), ("Lille", "", "59000")), "FR", "DE-IC", 2),
        Region((("Rotterdam", "", "3011 AA"),), "NL", "DE-IC", 1),
        Region((("Basel", "", "4051"),), "CH", "DE-EXP", 1),
    ),
}

# Services that are taxed differently from what the same customer buys otherwise: (customer's code, item) -> code.
SERVICE_TAX = {
    ("US-TX", "SRV-AIR-AUD"): "US-EX",
    ("US-CA", "SRV-INST"): "US-EX",
    ("US-CA", "SRV-AIR-AUD"): "US-EX",
    ("GB-S20", "SRV-INST"): "GB-RC",
    ("GB-S20", "SRV-AIR-AUD"): "GB-R5",
    ("AU-GST10", "SRV-AIR-AUD"): "AU-FREE",
}

PLACES = (
    "Harbour",
    "Northgate",
    "Redwood",
    "Summit",
    "Riverside",
    "Kestrel",
    "Ironbridge",
    "Bluewater",
    "Oakfield",
    "Highland",
    "Copper",
    "Falcon",
)
TRADES = (
    "Fabrication",
    "Bottling",
    "Joinery",
    "Foundry",
    "Tyre Service",
    "Dairy",
    "Shipyard",
    "Printworks",
    "Quarry",
    "Textiles",
    "Plastics",
)
LEGAL_FORMS = {"US": "LLC", "GB": "Ltd", "JE": "Ltd", "AU": "Pty Ltd", "NZ": "Ltd", "DE": "GmbH", "FR": "SARL", "NL": "B.V.", "CH": "AG"}
STREETS = ("Station Road", "Mill Lane", "Dock Street", "Foundry Way", "Canal Street", "Market Square", "Industrial Avenue")
CARRIERS = ("Own truck", "Regional haulage", "Parcel service")
RETURN_REASONS = ("Goods returned", "Damaged in transit", "Price corrected", "Wrong item delivered")


def read_catalogue(path: Path) -> tuple[Item, ...]:
    """The items of catalogue.csv, prices in USD without tax."""
    with path.open(newline="", encoding="utf-8") as rows:
        return tuple(Item(**{**row, "list_price_usd": Decimal(row["list_price_usd"])}) for row in csv.DictReader(rows))  # type: ignore[arg-type]
