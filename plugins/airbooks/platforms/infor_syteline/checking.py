"""What `airbooks check` asks of a SyteLine connection: are the IDOs as we write them, are its accounts there, does it say how to post."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from airbooks.platforms.errors import PlatformError
from airbooks.platforms.infor_syteline.ido import Idos, any_of, text
from airbooks.platforms.infor_syteline.posting import Posting
from airbooks.platforms.infor_syteline.spec import INV_NUM, POST_METHOD

_WRITTEN = {
    "SLArinvs": (
        "CustNum",
        "InvNum",
        "InvSeq",
        "Type",
        "InvDate",
        "Description",
        "Ref",
        "Amount",
        "Freight",
        "MiscCharges",
        "SalesTax",
        "Acct",
    ),
    "SLArinvds": ("CustNum", "InvNum", "InvSeq", "DistSeq", "Acct", "Amount", "TaxSystem", "TaxCode", "TaxBasis"),
}
_ACCOUNTS = ("ar_account", "tax_account", "revenue_account", "discount_account")


def check(idos: Idos, settings: Mapping[str, str], postings: Sequence[Posting]) -> tuple[bool, str]:
    """Whether the connection can work, and in words what it reaches or lacks. Raises PlatformError when it is not let in."""
    missing = [*_properties(idos), *_accounts(idos, settings), *_postings(idos, postings)]
    if missing:
        return False, " ".join(missing)
    how = f"posted by {postings[0].mode} {postings[0].name}" if postings[0].is_ours else "left to the posting task of SyteLine"
    return True, f"Configuration {settings['config']}, books in {settings['home_currency']}; documents are {how}."


def _properties(idos: Idos) -> Iterator[str]:
    for ido, names in _WRITTEN.items():
        known = idos.properties(ido)
        unfit = [name for name in names if name not in known or known[name].get("ReadOnly")]
        if unfit:
            yield f"{ido} does not let this user write: {', '.join(unfit)}."
        length = int(known.get("InvNum", {}).get("Length") or INV_NUM)
        if length < INV_NUM:
            yield f"{ido}.InvNum has {length} characters, our numbers need up to {INV_NUM}."


def _accounts(idos: Idos, settings: Mapping[str, str]) -> Iterator[str]:
    wanted = {settings[name].strip(): name for name in _ACCOUNTS if settings.get(name)}
    there = {row["Acct"].strip() for row in idos.rows("SLCharts", ("Acct",), any_of("Acct", sorted(wanted)))} if wanted else set()
    for account, name in wanted.items():
        if account not in there:
            yield f"The chart of accounts has no account {account} ({name} of the connection)."


def _postings(idos: Idos, postings: Sequence[Posting]) -> Iterator[str]:
    for posting in postings:
        try:
            posting.check()
        except PlatformError as error:
            yield error.message
            continue
        if posting.mode == POST_METHOD:
            condition = f"CollectionName = {text(posting.ido)} AND MethodName = {text(posting.name)}"
            if idos.first("IdoMethods", ("CollectionName", "MethodName"), condition) is None:
                yield f"{posting.ido} has no method {posting.name} in this version: see IdoMethods."
