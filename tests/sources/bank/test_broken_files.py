"""Files that were cut, garbled or edited by hand: refused with a word, or taken over in part with what is wrong named; never a crash."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.sources.bank.statements import camt, detail, entry, statement
from tests.sources.bank.test_bai2 import report
from tests.sources.bank.test_camt import CHARGES, STRD
from tests.sources.bank.test_mt940 import DUTCH, GERMAN, line, mt940
from tests.sources.bank.test_table import AMERICAN

from airbooks.canonical.incoming import IncomingPayment
from airbooks.sources.bank.bai2 import read_bai2
from airbooks.sources.bank.camt import read_camt
from airbooks.sources.bank.movement import BadMovement, Debits, Reading, StatementError
from airbooks.sources.bank.mt940 import read_mt940
from airbooks.sources.bank.table import read_table

Found = IncomingPayment | BadMovement
READING = Reading(source="bank", debits=Debits.ALL)
BATCH = "".join(detail(f'<Amt Ccy="EUR">{amount}</Amt>', e2e=e2e) for amount, e2e in (("10.00", "A"), ("20.50", "B")))


def csv(data: bytes, file: str, reading: Reading) -> Iterator[Found]:
    return read_table(data, file, reading, AMERICAN)


FILES: dict[str, tuple[Callable[[bytes, str, Reading], Iterator[Found]], bytes]] = {
    "camt": (
        read_camt,
        camt(
            statement(
                [
                    entry(
                        "68.00", detail(e2e="E1").replace("</TxDtls>", f"{STRD}</TxDtls>"), ref="R1", more=CHARGES.format("1.00", "true")
                    ),
                    entry("30.50", BATCH, ref="R2"),
                    entry("5.00", detail("<RtrInf/>"), side="DBIT"),
                ],
                closing="1093.50",
            )
        ),
    ),
    "mt940": (read_mt940, mt940(line("10,00", bank="R1"), GERMAN, line("20,50", mark="RC"), DUTCH)),
    "bai2": (read_bai2, report("16,142,1000,V,261104,,R1,C1,A/", "16,555,2000,S,1,2,3,R2,,B", "88,MORE TEXT", "16,975,5,0,,,/")),
    "csv": (csv, b"Date,Credit,Debit,Description,Ref\n11/02/2026,1.00,,A,R1\n11/02/2026,,2.00,B,\n"),
}
_edits = st.lists(
    st.tuples(st.integers(0, 10_000), st.integers(0, 40), st.binary(max_size=6) | st.sampled_from([b"/", b",", b"\n:61:", b"<", b"16,"]))
)


def outcome(reader: Callable[[bytes, str, Reading], Iterator[Found]], data: bytes) -> list[Found] | StatementError:
    try:
        return list(reader(data, "garbled", READING))
    except StatementError as error:
        return error


@pytest.mark.parametrize("format_", FILES)
@given(edits=_edits)
def test_a_garbled_file_is_refused_or_named_and_never_crashes(format_: str, edits: list[tuple[int, int, bytes]]) -> None:
    reader, data = FILES[format_]
    for place, length, put in edits:
        at = place % (len(data) + 1)
        data = data[:at] + put + data[at + length :]
    found = outcome(reader, data)
    if isinstance(found, StatementError):
        assert str(found).startswith("garbled ")
    else:
        assert all(each.amount > 0 and each.fingerprint for each in found if isinstance(each, IncomingPayment))
        assert all(each.file == "garbled" and each.rule and each.fix for each in found if isinstance(each, BadMovement))
