"""Who sells, who buys, where the goods go."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict


class Frozen(BaseModel):
    """Base of the canonical models: immutable, and strict about unknown fields so that nothing is dropped unseen."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


def _country_shape(value: str) -> str:
    if value and not (len(value) == 2 and value.isascii() and value.isupper()):
        raise ValueError("must be a two-letter country code (ISO 3166-1)")
    return value


CountryCode = Annotated[str, AfterValidator(_country_shape)]


class Address(Frozen):
    """A postal address (BG-5, BG-8, BG-15). `country` is ISO 3166-1 alpha-2 (BT-40, BT-55, BT-80); `region` the state or province."""

    line1: str = ""
    line2: str = ""
    line3: str = ""
    city: str = ""
    region: str = ""
    postal_code: str = ""
    country: CountryCode = ""


class Contact(Frozen):
    """A person or desk to reach (BG-6, BG-9)."""

    name: str = ""
    phone: str = ""
    email: str = ""


class Party(Frozen):
    """Seller (BG-4) or buyer (BG-7).

    `code` is the sales system's own customer code: the key by which the customer is found on a platform. `name` is BT-27 / BT-44,
    `vat_id` BT-31 / BT-48 (with country prefix), `legal_id` BT-30 / BT-47, `tax_registration` BT-32.
    """

    code: str
    name: str
    trading_name: str = ""
    address: Address = Address()
    contact: Contact = Contact()
    vat_id: str = ""
    legal_id: str = ""
    tax_registration: str = ""
    customer_class: str = ""
    currency: str = ""
