"""`make realdata`: a year of a real wholesaler's documents through the hourly Dag into one simulated company, every one accounted for.

The file is counted here with the csv module and plain arithmetic, apart from the code that delivers it: two counts that agree to the penny.
Source, rules and mapping are those of include/config/realdata.
"""

from __future__ import annotations

import csv
import gzip
import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import psycopg

from airbooks import paths
from airbooks.config import load_config
from airbooks.runtime.airflow_api import AirflowApi
from airbooks.runtime.console import Console
from airbooks.runtime.control import Run, clean, running
from airbooks.runtime.demo import HOURLY, connections, failures, follow, guarded, trigger, wait_for_dags
from airbooks.runtime.errors import SetupError
from airbooks.runtime.memory import MemoryWatch
from airbooks.runtime.report import aligned
from airbooks.runtime.settings import ADMIN, STAGING, Stack, free_port
from airbooks.runtime.tally import Ledger
from airbooks.staging.migrate import migrate

CONFIG = paths.INCLUDE / "config" / "realdata"
CONNECTION, PLATFORM, COMPANY = "odoo_uk", "odoo", 2
PENNY = Decimal("0.01")
ZERO = Decimal(0)
CANCELLATION = "C"
OPEN_EXCEPTIONS = (
    "SELECT number, array_agg(DISTINCT code) FROM airbooks.exception WHERE state = 'open' AND severity = 'error' GROUP BY number"
)


@dataclass(slots=True)
class Counted:
    """One document as the file has it: its lines, and their signed amount with each line rounded to the penny."""

    lines: int = 0
    amount: Decimal = ZERO

    def add(self, quantity: str, price: str) -> None:
        self.lines += 1
        self.amount += (Decimal(quantity) * Decimal(price)).quantize(PENNY, ROUND_HALF_UP)


@dataclass(frozen=True, slots=True)
class Account:
    """What became of every document of the file. `wrong` tells where the two counts differ; there must be nothing in it."""

    outcome: Mapping[str, str]
    booked: Decimal
    in_file: Decimal
    wrong: list[str] = field(default_factory=list)


def stack(ui_port: int = 0, sandbox_port: int = 0) -> Stack:
    """The run's own state folder, so that the demo's is left alone."""
    state = paths.state_dir() / "realdata"
    return Stack(state=state, ui_port=ui_port or free_port(), sandbox_port=sandbox_port or free_port(), platforms=(PLATFORM,))


def realdata(data: Path, ui_port: int = 0, sandbox_port: int = 0) -> int:
    """Deliver the file's documents into empty books and account for each; the exit code."""
    return guarded("realdata", lambda console: _deliver(data.resolve(), ui_port, sandbox_port, console))


def _deliver(data: Path, ui_port: int, sandbox_port: int, console: Console) -> int:
    counted = count_file(data)
    console.say(f"{data.name}: {len(counted):,} documents, {sum(each.lines for each in counted.values()):,} lines")
    clean(stack())
    place = stack(ui_port, sandbox_port)
    os.environ |= {"AIRBOOKS_CONFIG": str(CONFIG), "AIRBOOKS_REALDATA": str(data), "AIRBOOKS_CATALOGUE": str(CONFIG / "catalogue.csv")}
    with running(place) as run, MemoryWatch(run.supervisor.pid) as memory:
        state = _run(run, console)
        console.say("Counting the books")
        books = Ledger.read(place.sandbox_url, PLATFORM)
        account = settle(counted, books, _exceptions(place))
        console.say("Stopping")
    console.plain(f"\n{table(counted, account.outcome)}\n")
    for wrong in account.wrong:
        console.plain(f"WRONG: {wrong}")
    console.plain(last_line(counted, account, memory, console.seconds, ran=state == "success"))
    return 0 if state == "success" and not account.wrong else 1


def _run(run: Run, console: Console) -> str:
    """Start everything, trigger the hourly Dag and follow it to its end; the run's state."""
    place = run.stack
    run.wait("databases", console.show)
    migrate(place.cluster.url(STAGING))
    run.wait("ready", console.show)
    with AirflowApi(place.ui_url, ADMIN, place.secrets.admin_password) as airflow:
        rows = connections(place, {name: each.platform for name, each in load_config(CONFIG).connections.items()})
        airflow.put_connections(_in_company(row) if row["connection_id"] == CONNECTION else row for row in rows)
        wait_for_dags(run, airflow, console)
        run_id = trigger(airflow, HOURLY, console)
        state = follow(run, airflow, HOURLY, run_id, console)
        if state != "success":
            console.plain(failures(airflow, HOURLY, run_id))
    return state


def _in_company(row: dict[str, object]) -> dict[str, object]:
    extra = row.get("extra")
    return {**row, "extra": {**(extra if isinstance(extra, dict) else {}), "company_id": COMPANY}}


def _exceptions(place: Stack) -> dict[str, list[str]]:
    with psycopg.connect(place.cluster.url(STAGING)) as database:
        return dict(database.execute(OPEN_EXCEPTIONS).fetchall())


def count_file(data: Path) -> dict[str, Counted]:
    """Every document of the file by its number. Raises SetupError where the file is not the one described."""
    counted: defaultdict[str, Counted] = defaultdict(Counted)
    try:
        for row in _rows(data):
            counted[row["InvoiceNo"]].add(row["Quantity"], row["UnitPrice"])
    except (OSError, KeyError) as problem:
        raise SetupError(f"{data} is not the Online Retail file ({problem!r}). Give its path: make realdata DATA=...") from problem
    return dict(counted)


def _rows(data: Path) -> Iterator[dict[str, str]]:
    with gzip.open(data, "rt", encoding="utf-8", newline="") if data.suffix == ".gz" else data.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def settle(counted: Mapping[str, Counted], books: Ledger, exceptions: Mapping[str, list[str]]) -> Account:
    """Compare the books with the file, document by document: each is booked once with its amount, or an exception with one cause."""
    held: defaultdict[str, list[Decimal]] = defaultdict(list)
    for row in books.documents.values():
        sign = -1 if row["kind"] == "credit_note" else 1
        held[row["our_number"]].append(sign * Decimal(row["total"]))
    outcome = {number: _outcome(number, held.get(number, []), exceptions.get(number, [])) for number in counted}
    booked = sum((amount for amounts in held.values() for amount in amounts), ZERO)
    in_file = sum((counted[number].amount for number in held if number in counted), ZERO)
    return Account(outcome, booked, in_file, list(_wrong(counted, held, exceptions)))


def _outcome(number: str, held: list[Decimal], causes: list[str]) -> str:
    if held:
        return "delivered as credit note" if number.startswith(CANCELLATION) else "delivered as invoice"
    return ", ".join(causes) or "LOST"


def _wrong(counted: Mapping[str, Counted], held: Mapping[str, list[Decimal]], exceptions: Mapping[str, list[str]]) -> Iterator[str]:
    for number, document in counted.items():
        amounts, causes = held.get(number, []), exceptions.get(number, [])
        if len(amounts) + len(causes) != 1:
            yield f"{number} is booked {len(amounts)} times and has the causes {', '.join(causes) or 'none'}"
        elif amounts and amounts[0] != document.amount:
            yield f"{number} is booked with {amounts[0]}, the file has {document.amount}"
    for number in held.keys() - counted.keys():
        yield f"{number} is booked and is not in the file"


def table(counted: Mapping[str, Counted], outcome: Mapping[str, str]) -> str:
    """Documents, lines and amount in the file, by what became of them."""
    groups = Counter(outcome.values())
    rows = [_row(name, [counted[number] for number, what in outcome.items() if what == name]) for name, _ in groups.most_common()]
    return aligned([("outcome", "documents", "lines", "GBP in the file"), *rows, _row("all", counted.values())])


def _row(name: str, documents: Iterable[Counted]) -> tuple[str, ...]:
    found = list(documents)
    return name, f"{len(found):,}", f"{sum(each.lines for each in found):,}", f"{sum((each.amount for each in found), ZERO):,}"


def last_line(counted: Mapping[str, Counted], account: Account, memory: MemoryWatch, seconds: float, *, ran: bool) -> str:
    """The result in one line, for people and scripts."""
    found = Counter("exceptions" if not what.startswith("delivered") else what.rpartition(" ")[2] for what in account.outcome.values())
    verdict = "ok" if ran and not account.wrong else "failed"
    return (
        f"realdata: {verdict} documents={len(counted)} invoices={found['invoice']} credit_notes={found['note']} "
        f"exceptions={found['exceptions']} booked={account.booked} file={account.in_file} difference={account.booked - account.in_file} "
        f"seconds={seconds:.0f} largest_process_mb={memory.largest} all_processes_mb={memory.together}"
    )
