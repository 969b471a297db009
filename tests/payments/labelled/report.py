"""The score as Markdown for the package's documentation, and as lines for whoever tunes the matcher."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from tests.payments.labelled.desk import KINDS
from tests.payments.labelled.generate import LabelledSet
from tests.payments.labelled.score import End, Judged, Tally, overall, tally
from tests.payments.labelled.truth import Outcome, Truth

from airbooks.payments.decision import Candidate, Settled, Stage

INTRODUCTION = """# Payments matched to what they pay

A supplier of four divisions has its open items, and a generator writes the payments that come in for them, with the noise of real bank
accounts: it knows which documents each payment settles, because it made them. The generator and the matcher share nothing but their data
types. A payment's truth is one of three:

- **known**: a careful bookkeeper applies it without asking anybody; it counts for the recall;
- **either**: applying it like that is right, and asking is as right (the tolerance, an over-payment, a discount that was taken too late);
- **ask**: nobody could know, or two readings fit; any automatic application is wrong.

An automatic application is right when its documents and their amounts are exactly the truth's; anything else is wrong. *Precision*: right
ones among the automatic applications. *Recall*: rightly applied by themselves, among the known. *Recall at candidates*: applied rightly, or
offered to the person who is asked, among all that are not "ask".

The payments are matched in runs of five days, as in daily work: each run knows what the earlier ones settled. A payment is tried once.

The matcher was tuned on what this generator showed to be wrong, so the figures flatter it. On first contact with
each new round of kinds between 99.8 % and 99.95 % of its automatic applications were right, by round and seed; a real account holds kinds
that nobody thought of.

The shares of the kinds are an assumption about an account of business customers, not a statistic: about two thirds tell their documents
well, one in twenty tells nothing but the amount, and the rest is what makes work."""

ENDS = (End.RIGHT, End.WRONG, End.FIRST, End.AMONG, End.WITHOUT, End.ASKED, End.WAITS)


def markdown(labelled: LabelledSet, judged: Sequence[Judged], command: str, seed: int) -> str:
    """The whole report."""
    return "\n".join(
        [
            INTRODUCTION,
            "",
            f"`{command}` makes this page (seed {seed}): {len(labelled.labelled):,} payments, {len(labelled.items):,} open items.",
            "",
            *summary(judged),
            "",
            "## By stage",
            "",
            "How the first candidate was found, whatever was decided then.",
            "",
            *_table("stage", _ordered(tally(judged, lambda each: each.stage), [str(each) for each in Stage]), len(judged)),
            "",
            "## By kind of payment",
            "",
            "The share is the kind's part of the account.",
            "",
            *_table("kind", _ordered(tally(judged, lambda each: each.labelled.kind), list(KINDS)), len(judged)),
            "",
            *_wrong(judged),
        ]
    )


def _wrong(judged: Sequence[Judged]) -> list[str]:
    """What was applied wrongly, in words."""
    wrong = [each for each in judged if each.end is End.WRONG]
    if not wrong:
        return []
    return [
        "## Applied wrongly",
        "",
        *(f"- {each.labelled.kind}: {each.labelled.truth.why}. Applied because it {_because(each)}." for each in wrong),
        "",
    ]


def _because(each: Judged) -> str:
    reason = each.decision.best.reason if each.decision.best else each.decision.reason
    return " ".join(reason.split())


def summary(judged: Sequence[Judged]) -> list[str]:
    """The numbers that count."""
    whole = overall(judged)
    truths = tally(judged, lambda each: label(each.labelled.truth))
    counts = ", ".join(f"{truths[name].payments:,} {name}" for name in ("known", "either", "ask") if name in truths)
    applied = whole.ends[End.RIGHT] + whole.ends[End.WRONG]
    return [
        "| | |",
        "| :--- | ---: |",
        f"| payments | {whole.payments:,} ({counts}) |",
        f"| applied automatically | {applied:,}, {whole.ends[End.WRONG]:,} of them wrong |",
        f"| precision of automatic application | {percent(whole.precision, 2)} |",
        f"| recall of automatic application | {percent(whole.recall, 1)} |",
        f"| recall at candidates | {percent(whole.recall_at_candidates, 1)} |",
    ]


def label(truth: Truth) -> str:
    if truth.knowable:
        return "known"
    return "either" if truth.right else "ask"


def percent(ratio: Decimal | None, places: int) -> str:
    """Rounded down, so that only everything is 100 %."""
    if ratio is None:
        return ""
    return f"{(ratio * 100).quantize(Decimal(1).scaleb(-places), 'ROUND_DOWN')} %"


def _ordered(tallies: Mapping[str, Tally], order: Sequence[str]) -> list[tuple[str, Tally]]:
    return [(name, tallies[name]) for name in order if name in tallies]


def _table(head: str, rows: Iterable[tuple[str, Tally]], whole: int) -> list[str]:
    columns = (head, "payments", "share", "known", *(str(each) for each in ENDS), "precision", "recall", "at candidates")
    return [_row(columns), _row([":---"] + ["---:"] * (len(columns) - 1)), *(_row(_cells(name, each, whole)) for name, each in rows)]


def _cells(name: str, each: Tally, whole: int) -> list[str]:
    rates = (percent(each.precision, 2), percent(each.recall, 1), percent(each.recall_at_candidates, 1))
    counted = [f"{each.ends[end]:,}" for end in ENDS]
    return [name, f"{each.payments:,}", percent(Decimal(each.payments) / whole, 1), f"{each.knowable:,}", *counted, *rates]


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


# -- lines for whoever tunes -------------------------------------------------------------------------------------------------------------


def failures(judged: Iterable[Judged]) -> list[str]:
    """One line for each payment that was applied wrongly, then for each that could be known and was not applied."""
    wrong = [each for each in judged if each.end is End.WRONG]
    missed = [each for each in judged if each.labelled.truth.knowable and each.end not in {End.RIGHT, End.WRONG}]
    return [_line(each) for each in (*wrong, *sorted(missed, key=lambda each: (each.labelled.kind, each.labelled.key)))]


def _line(each: Judged) -> str:
    paid, decision = each.labelled.payment, each.decision
    instructed = f" ordered {paid.instructed_amount} {paid.instructed_currency}" if paid.instructed_amount else ""
    advice = f" advice={[(line.document_number, str(line.amount)) for line in paid.advice]}" if paid.advice else ""
    payment = f"{paid.booked_on} {paid.kind} {paid.gross} {paid.currency}{instructed} from {paid.payer_name!r}"
    written = f"refs={list(paid.references)} text={paid.text!r}{advice}"
    truth = " or ".join(map(_outcome, each.labelled.truth.right)) or "ask"
    decided = f"{_decided(decision.verdict, decision.best)} {decision.reason}"
    truth = f"truth: {truth} {each.labelled.truth.why}"
    return " ".join(" | ".join((each.end, each.labelled.kind, each.labelled.key, payment, written, truth, decided)).split())


def _outcome(outcome: Outcome) -> str:
    ordered = sorted(outcome, key=lambda share: share.document_id)
    return " + ".join(f"#{share.document_id}: {share.amount} settles {share.settled} (discount {share.discount})" for share in ordered)


def _decided(verdict: str, best: Candidate | None) -> str:
    if best is None:
        return f"decided: {verdict}, no candidate."
    parts = " + ".join(map(_settled, best.settled))
    return f"decided: {verdict} at {best.confidence} by {best.stage}: {parts}, on account {best.on_account}; {best.reason}"


def _settled(each: Settled) -> str:
    return f"#{each.document_id} {each.number}: {each.amount} settles {each.settled} (discount {each.discount}, off {each.write_off})"
