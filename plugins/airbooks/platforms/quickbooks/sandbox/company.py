"""What one company's API does: create, update, void, delete, read, query, batch and change data capture, without HTTP."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from airbooks.platforms.quickbooks.sandbox import payments, sales
from airbooks.platforms.quickbooks.sandbox.answers import Fault, Row, business, required, unsupported
from airbooks.platforms.quickbooks.sandbox.customers import customer, keep_name, kept
from airbooks.platforms.quickbooks.sandbox.query import Query, parse, select
from airbooks.platforms.quickbooks.sandbox.realm import INDEXED, LISTS, TRANSACTIONS, Realm
from airbooks.platforms.quickbooks.sandbox.shapes import WRITABLE

BATCH_ITEMS, BATCH_ID, CDC_OBJECTS, CDC_DAYS = 30, 10, 1000, 30
READABLE = {entity.lower(): entity for entity in (*TRANSACTIONS, *LISTS)}
WRITES = {entity.lower(): entity for entity in WRITABLE}
Struck = Callable[[str], Row | None]


class Company:
    """The operations on one realm. `struck` says whether one of the simulator's own faults strikes now."""

    def __init__(self, realm: Realm, struck: Struck) -> None:
        self.realm, self.struck = realm, struck

    # -- reading ----------------------------------------------------------------------------------------------------
    def read(self, entity: str, row_id: str) -> Row:
        return {entity: self.realm.find(entity, row_id)}

    def query(self, text: str) -> Row:
        asked = parse(text)
        return {"QueryResponse": select(asked, self._candidates(asked))}

    def company_info(self) -> Row:
        settings = self.realm.settings
        return {"Id": "1", "CompanyName": settings["name"], "LegalName": settings["name"], "Country": settings["country"], "domain": "QBO"}

    def preferences(self) -> Row:
        settings = self.realm.settings
        tax: Row = {"UsingSalesTax": True}
        if settings["automated_sales_tax"]:
            tax["PartnerTaxEnabled"] = True
        accounting: Row = {"TrackDepartments": True, "ClassTrackingPerTxnLine": True, "ClassTrackingPerTxn": False}
        if settings.get("closed_to"):
            accounting["BookCloseDate"] = settings["closed_to"]
        forms = {"CustomTxnNumbers": settings["custom_numbers"], "AllowDiscount": True, "AllowShipping": False}
        return {
            "Id": "1",
            "AccountingInfoPrefs": accounting,
            "SalesFormsPrefs": forms,
            "TaxPrefs": tax,
            "CurrencyPrefs": {"MultiCurrencyEnabled": True, "HomeCurrency": {"value": self.realm.home}},
            "domain": "QBO",
        }

    def changes(self, entities: str, since: str) -> Row:
        """Everything of these entities changed or deleted since a moment, at most 30 days back."""
        moment = self._moment(since)
        names = [name.strip() for name in entities.split(",") if name.strip()]
        if not names:
            raise required("entities")
        return {"CDCResponse": [{"QueryResponse": [self._changed(name, moment) for name in names]}]}

    def _moment(self, since: str) -> datetime:
        try:
            moment = datetime.fromisoformat(since.replace(" ", "+"))
        except ValueError:
            raise unsupported(f"changedSince is no date-time: {since!r}", "changedSince") from None
        moment = moment if moment.tzinfo else moment.replace(tzinfo=self.realm.local_now().tzinfo)
        if moment < self.realm.local_now() - timedelta(days=CDC_DAYS):
            raise business(f"changedSince must lie within the last {CDC_DAYS} days", "changedSince")
        return moment

    def _changed(self, entity: str, since: datetime) -> Row:
        if entity not in READABLE.values():
            raise unsupported(f"Entity {entity} is not supported by change data capture", "entities")
        rows = [*self.realm.table(entity).values(), *self.realm.deleted(entity)]
        recent = [row for row in rows if datetime.fromisoformat(row["MetaData"]["LastUpdatedTime"]) >= since.replace(microsecond=0)]
        page = recent[:CDC_OBJECTS]
        return {entity: page, "startPosition": 1, "maxResults": len(page), "totalCount": len(page)} if page else {}

    def _candidates(self, asked: Query) -> list[Row]:
        if asked.entity == "CompanyInfo":
            return [self.company_info()]
        if asked.entity == "Preferences":
            return [self.preferences()]
        rows = self._indexed_rows(asked)
        return [row for row in rows if not self._lagging(asked.entity, row["Id"])]

    def _indexed_rows(self, asked: Query) -> list[Row]:
        for condition in asked.conditions:
            if condition.operator in ("=", "in") and INDEXED.get(asked.entity) == condition.field:
                found = {row["Id"]: row for value in condition.values for row in self.realm.with_value(asked.entity, value)}
                return [found[row_id] for row_id in sorted(found, key=int)]
        return list(self.realm.table(asked.entity).values())

    def _lagging(self, entity: str, row_id: str) -> bool:
        """Whether queries cannot see a row yet; each look takes one off (reads by id see it at once)."""
        hidden = self.realm.table("lag")
        left = hidden.get(f"{entity}/{row_id}", {"looks": 0})["looks"]
        if left > 0:
            hidden[f"{entity}/{row_id}"] = {"looks": left - 1}
        return bool(left > 0)

    # -- writing ----------------------------------------------------------------------------------------------------
    def write(self, entity: str, body: Any, operation: str = "", include: str = "") -> Row:
        """One POST on an entity; the operation is a query parameter, an update is a body with an Id."""
        sent: Row = WRITABLE[entity](body, entity)
        if operation == "delete":
            return self._delete(entity, sent)
        if operation == "void" and entity == "Invoice":
            return {entity: self._void_sale(entity, self._current(entity, sent))}
        if operation == "update" and include == "void" and entity == "Payment":
            return {entity: self._void_payment(self._current(entity, sent))}
        if operation not in ("", "update", "create"):
            raise unsupported(f"Operation {operation} is not supported for {entity}", "operation")
        previous = self._current(entity, sent) if "Id" in sent else None
        return {entity: self._save(entity, sent, previous, allow_duplicates=include == "allowduplicatedocnum")}

    def batch(self, body: Any, *, with_request_id: bool) -> Row:
        """Up to 30 operations, each with its own answer; one that fails leaves the others alone."""
        items = body.get("BatchItemRequest") if isinstance(body, dict) else None
        if not isinstance(items, list) or not items:
            raise required("BatchItemRequest")
        if len(items) > BATCH_ITEMS:
            raise Fault(
                "1040", "Batch Size Limit Exceeded", f"The number of items in the batch, {len(items)}, exceeds the limit of {BATCH_ITEMS}"
            )
        if with_request_id and any(len(str(item.get("bId", ""))) > BATCH_ID for item in items):
            raise Fault("2130", "Invalid requestid", f"With a requestid, a bId has at most {BATCH_ID} characters", element="bId")
        broken = (self.struck("partial_batch") or {"positions": []}).get("positions", [1])
        answers = [self._batch_item(item, fails=position in broken) for position, item in enumerate(items)]
        if self.struck("shuffle_batch"):
            answers.reverse()
        if self.struck("drop_batch_item"):
            answers.pop(0)
        return {"BatchItemResponse": answers}

    def _batch_item(self, item: Row, *, fails: bool) -> Row:
        head = {"bId": str(item.get("bId", ""))}
        try:
            return head | self._batch_answer(item, fails=fails)
        except Fault as fault:
            return head | {"Fault": fault.body()}

    def _batch_answer(self, item: Row, *, fails: bool) -> Row:
        if fails:
            raise Fault("10000", "An application error has occurred", "System Failure Error", kind="SystemFault")
        if "Query" in item:
            return self.query(str(item["Query"]))
        entity = next((name for name in WRITABLE if name in item), None)
        operation = str(item.get("operation", "")).lower()
        if entity is None or operation not in ("create", "update", "delete", "void"):
            raise unsupported("A batch item holds an operation and one object", "BatchItemRequest")
        if operation == "update" and "Id" not in item[entity]:
            raise required("Id")
        include = str(item.get("optionsData", "")).lower()
        return self.write(entity, item[entity], "" if operation in ("create", "update") else operation, include)

    def _current(self, entity: str, sent: Row) -> Row:
        if "Id" not in sent:
            raise required("Id")
        row = self.realm.find(entity, sent["Id"])
        if self.struck("edit_in_between"):
            row = self.realm.put(entity, row, row)
        self.realm.check_token(row, sent)
        return row

    def _save(self, entity: str, sent: Row, previous: Row | None, *, allow_duplicates: bool) -> Row:
        if entity == "Customer":
            return self._save_customer(sent, previous)
        if entity == "Payment":
            return self._save_payment(sent, previous)
        merged = sales.merged(previous, sent) if previous and sent.get("sparse") else sent
        extra = Decimal(str((self.struck("wrong_tax") or {"amount": 0}).get("amount", "0.01")))
        row = sales.sale(self.realm, entity, merged, previous, allow_duplicates=allow_duplicates, extra_tax=extra)
        saved = self.realm.put(entity, row, previous)
        self._hide(entity, saved["Id"])
        return saved

    def _save_customer(self, sent: Row, previous: Row | None) -> Row:
        merged = {**kept(previous), **sent} if previous and sent.get("sparse") else sent
        saved = self.realm.put("Customer", customer(self.realm, merged, previous), previous)
        keep_name(self.realm, "Customer", saved, previous)
        return saved

    def _hide(self, entity: str, row_id: str) -> None:
        lag = self.struck("query_lag")
        if lag:
            self.realm.table("lag")[f"{entity}/{row_id}"] = {"looks": int(lag.get("lookups", 2))}

    def _save_payment(self, sent: Row, previous: Row | None) -> Row:
        merged = {**previous, **sent} if previous and sent.get("sparse") else sent
        row = payments.payment(self.realm, merged, previous)
        saved = self.realm.put("Payment", row, previous)
        payments.settle(self.realm, saved["Id"], payments.applied(previous) if previous else {}, payments.applied(saved))
        return saved

    def _void_payment(self, row: Row) -> Row:
        self.realm.check_open(row["TxnDate"])
        saved = self.realm.put("Payment", payments.voided_payment(row), row)
        payments.settle(self.realm, row["Id"], payments.applied(row), {})
        return saved

    def _void_sale(self, entity: str, row: Row) -> Row:
        self._release(entity, row)
        return self.realm.put(entity, sales.voided(row), row)

    def _delete(self, entity: str, sent: Row) -> Row:
        if entity == "Customer":
            raise unsupported("A customer is made inactive, not deleted", "operation")
        row = self._current(entity, sent)
        if entity == "Payment":
            self.realm.check_open(row["TxnDate"])
            payments.settle(self.realm, row["Id"], payments.applied(row), {})
        else:
            self._release(entity, row)
        self.realm.remove(entity, row)
        return {entity: {"domain": "QBO", "status": "Deleted", "Id": row["Id"]}}

    def _release(self, entity: str, row: Row) -> None:
        """Take a document out of the payments that hold it; a deposited payment has to be undeposited first."""
        self.realm.check_open(row["TxnDate"])
        linked = [self.realm.table("Payment")[link["TxnId"]] for link in row["LinkedTxn"] if link["TxnType"] == "Payment"]
        if linked and self.struck("deposit_payments"):
            raise Fault(
                "6540",
                "Deposited Transaction cannot be changed",
                "If you want to change this transaction, remove it from the deposit first",
            )
        for payment in linked:
            self.realm.put("Payment", payments.without_document(payment, entity, row["Id"]), payment)
