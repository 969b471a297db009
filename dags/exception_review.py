"""Asks a person about one cause of exceptions; opened by the invoice and payment DAGs, one run per question.

**Where the question is.** Browse > Required Actions, or the *Required Actions* tab of the run. It lists the documents that wait and offers
*Apply* (this is what the payment pays), *Map* (our code gets the platform's code), *Override* (these documents need not keep the rule, or
get another posting date), *Retry*, *Reject* and *Hold*; only those that make sense are shown. *Override* and *Reject* need a reason.

**What the answer does.** Everything that waits for the same cause is let go at once, and goes with the next run; *Deliver now* starts one:
`payment_reconciliation` where a payment is matched again or a statement read again (*Retry*), else `hourly_invoice_sync`, which also
delivers a payment after *Apply*. Who decided what, and why, stands in the audit trail (`airbooks audit`). The first answer counts; whoever
comes second is told in the log.

**No hurry.** A question waits for weeks without using a worker, and no other run waits for it.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import Param, dag

from airbooks.operators.review import ExceptionReviewOperator, deliver_now


@dag(
    schedule=None,
    catchup=False,
    max_active_runs=1_000,  # questions wait side by side
    is_paused_upon_creation=False,
    default_args={"retries": 5, "retry_delay": timedelta(minutes=1), "retry_exponential_backoff": True},
    params={
        "cause_id": Param("", type="string", title="Cause", description="Its id, as the invoice run logged it."),
        "round": Param(1, type="integer", minimum=1, title="Round", description="How often it was opened."),
    },
    tags=["airbooks"],
    doc_md=__doc__,
)
def exception_review() -> None:
    review = ExceptionReviewOperator(task_id="review")
    deliver_now(review.output)


exception_review()
