"""From a source to staged revisions: read, keep raw, map, validate, route; in bounded chunks, one transaction each."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

import psycopg

from airbooks.canonical import CreditNote, Finding, Invoice, Severity
from airbooks.canonical.money import is_known_currency
from airbooks.config import Config
from airbooks.operators.form import RunForm
from airbooks.platforms import registry
from airbooks.platforms.references import ReferenceKind, required_codes
from airbooks.sources import MappingFailure, RawDocument, Selection, Source, SourceMapping, compile_mapping, to_canonical
from airbooks.staging import audit, documents, exceptions, periods, references
from airbooks.validation import Facts, validate

log = logging.getLogger("airflow.task.airbooks.intake")

STAGE_CHUNK = 500
Numbered = tuple[str, str, str]  # division, kind, number


def extract(database: psycopg.Connection, source: Source, form: RunForm, run_id: str, look_back_days: int = 0) -> Counter[str]:
    """Read what changed since the watermark (or what the form selects) into raw_document; rows and watermark commit together.

    `look_back_days` reads that far before the watermark as well: what has not changed costs nothing further. A source that fails
    half-way leaves the watermark at the last chunk that was read completely.
    """
    until = form.until or source.now()
    since = form.changed_since or _since_last_run(database, source, form, until - timedelta(days=look_back_days))
    tally: Counter[str] = Counter()
    for chunk in source.read(Selection(since=since, until=until, numbers=form.documents, divisions=form.divisions)):
        tally["read"] += len(chunk)
        tally["new or changed"] += documents.store_raw(database, chunk, run_id, force=form.rereads)
        if not form.is_selective:
            documents.move_watermark(database, source.name, chunk[-1].changed_at, run_id)
        database.commit()
    if not form.is_selective:
        documents.move_watermark(database, source.name, until, run_id)
    database.commit()
    log.info("%s: %d documents read, %d of them new or changed", source.name, tally["read"], tally["new or changed"])
    return tally


def _since_last_run(database: psycopg.Connection, source: Source, form: RunForm, latest: datetime) -> datetime | None:
    if form.documents or form.divisions:
        return None
    watermark = documents.read_watermark(database, source.name)
    return min(watermark, latest) if watermark else None


def stage(database: psycopg.Connection, config: Config, form: RunForm, run_id: str) -> Counter[str]:
    """Make every waiting raw document a canonical revision, valid or with exceptions; nothing is dropped."""
    mappings = {name: compile_mapping(each) for name, each in config.sources.items()}
    tally: Counter[str] = Counter()
    while raw := documents.waiting_raw(database, STAGE_CHUNK):
        tally += _Chunk(database, config, mappings, form, run_id).stage(raw)
        database.commit()
    database.rollback()
    return tally


class _Chunk:
    """One chunk on its way from raw to revisions, inside one transaction."""

    def __init__(
        self, database: psycopg.Connection, config: Config, mappings: Mapping[str, SourceMapping], form: RunForm, run_id: str
    ) -> None:
        self._database, self._config, self._mappings, self._form, self._run_id = database, config, mappings, form, run_id
        self._said = {name: references.people_say(database, name) for name in config.connections}

    def stage(self, raw: Sequence[documents.RawRow]) -> Counter[str]:
        newest = {(row.source, row.source_id): row for row in raw}  # ordered by raw_id: the last one wins
        waivers = documents.waivers_of(self._database, newest)
        mapped: list[tuple[documents.RawRow, Invoice | CreditNote]] = []
        found: list[exceptions.Found] = []
        for key, row in newest.items():
            made = self._canonical(row, waivers.get(key, documents.NO_WAIVER))
            if isinstance(made, MappingFailure):
                found += [self._found(row, finding, made.number) for finding in made.findings]
            else:
                mapped.append((row, made))
        staged, complaints = self._validate(mapped, waivers)
        saved = documents.save_documents(self._database, staged, self._run_id)
        found += complaints
        exceptions.open_exceptions(self._database, found)
        exceptions.close_for(self._database, documents=list(newest), still=found, by=self._run_id)
        documents.mark_staged(self._database, [row.raw_id for row in raw])
        audit.append(self._database, [self._event(each, saved[each.key]) for each in staged if saved[each.key].is_new])
        return self._tally(newest, staged, saved)

    def _canonical(self, row: documents.RawRow, waiver: documents.Waiver) -> Invoice | CreditNote | MappingFailure:
        raw = RawDocument(row.source, row.source_id, row.payload, row.changed_at)
        made = to_canonical(self._mappings[row.source], raw, waiver.codes)
        posting_date = self._form.posting_date or waiver.posting_date
        if isinstance(made, MappingFailure) or posting_date is None:
            return made
        return made.model_copy(update={"posting_date": posting_date})

    def _validate(
        self, mapped: Sequence[tuple[documents.RawRow, Invoice | CreditNote]], waivers: Mapping[documents.Key, documents.Waiver]
    ) -> tuple[list[documents.StagedDocument], list[exceptions.Found]]:
        used = documents.numbers_in_use(self._database, [_numbered(document) for _, document in mapped])
        locked = periods.locked_documents(self._database, [document for _, document in mapped])
        staged: list[documents.StagedDocument] = []
        found: list[exceptions.Found] = []
        for row, document in mapped:
            key = (row.source, row.source_id)
            holder = key if document.cancelled else used.setdefault(_numbered(document), key)
            route = () if document.cancelled else self._config.route(document)
            waived = waivers.get(key, documents.NO_WAIVER).codes
            findings = validate(document, self._facts(document, route, "" if holder == key else holder[1], waived, locked.get(key)))
            errors = [each for each in findings if each.severity is Severity.ERROR]
            state = "exception" if errors else "cancelled" if document.cancelled else "valid"
            staged.append(documents.StagedDocument(raw_id=row.raw_id, document=document, state=state, route=route))
            found += [self._found(row, each, document.number, document) for each in errors]
            self._log(document, findings)
        return staged, found

    def _facts(
        self,
        document: Invoice | CreditNote,
        route: tuple[str, ...],
        number_used_by: str,
        waived: frozenset[str],
        locked: periods.Locked | None,
    ) -> Facts:
        connections = self._config.connections
        closed_until = {name: open_from for name in route if (open_from := connections[name].open_from)}
        return Facts(
            route=route,
            open_from=closed_until,
            locked_until=locked.until if locked else None,
            was_dated=locked.was_dated if locked else None,
            unmapped=tuple(self._unmapped(document, route)),
            number_used_by=number_used_by,
            waived=waived,
        )

    def _unmapped(self, document: Invoice | CreditNote, route: tuple[str, ...]) -> Iterable[tuple[str, str, str]]:
        for name in route:
            kinds = registry.spec(self._config.connections[name].platform).reference_kinds
            for kind, code in sorted(required_codes(document, kinds)):
                if kind is ReferenceKind.CURRENCY and not is_known_currency(code):
                    continue  # no mapping can help: AB-CURRENCY says what is wrong
                if (kind, code) not in self._said[name] and self._config.mapping(name, kind.value, code) is None:
                    yield name, kind.value, code

    def _found(
        self, row: documents.RawRow, finding: Finding, number: str, document: Invoice | CreditNote | None = None
    ) -> exceptions.Found:
        return exceptions.Found(
            finding=finding,
            raw_id=row.raw_id,
            number=number,
            amount=document.gross_total if document else None,
            currency=document.currency if document else "",
            run_id=self._run_id,
        )

    def _event(self, staged: documents.StagedDocument, saved: documents.Saved) -> audit.Event:
        document = staged.document
        return audit.Event(
            actor=self._run_id,
            action=f"staged {staged.state}",
            document_id=saved.document_id,
            number=document.number,
            detail={
                "revision": saved.revision,
                "source": document.source,
                "source_id": document.source_id,
                "content_hash": documents.document_hash(document),
                "total": str(document.gross_total),
                "currency": document.currency,
                "route": list(staged.route),
                "overrides": self._form.overrides(),
            },
        )

    def _log(self, document: Invoice | CreditNote, findings: Sequence[Finding]) -> None:
        for finding in findings:
            level = logging.WARNING if finding.severity is Severity.ERROR else logging.INFO
            log.log(level, "%s | %s | %s", document.number, finding.code, finding.message)

    def _tally(
        self,
        newest: Mapping[documents.Key, documents.RawRow],
        staged: Sequence[documents.StagedDocument],
        saved: Mapping[documents.Key, documents.Saved],
    ) -> Counter[str]:
        tally = Counter(each.state for each in staged)
        tally["unreadable"] = len(newest) - len(staged)
        tally["new revisions"] = sum(each.is_new for each in saved.values())
        return tally


def _numbered(document: Invoice | CreditNote) -> Numbered:
    return document.division, document.kind.value, document.number
