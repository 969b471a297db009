"""Infor CloudSuite Industrial, formerly SyteLine (Mongoose REST service v2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airbooks.platforms.infor_syteline.hook import InforSyteLineHook
    from airbooks.platforms.infor_syteline.operator import InforSyteLineInvoiceOperator

__all__ = ["InforSyteLineHook", "InforSyteLineInvoiceOperator"]


def __getattr__(name: str) -> Any:
    """The two classes, imported (with Airflow) only when somebody asks for them."""
    if name == "InforSyteLineHook":
        from airbooks.platforms.infor_syteline.hook import InforSyteLineHook

        return InforSyteLineHook
    if name == "InforSyteLineInvoiceOperator":
        from airbooks.platforms.infor_syteline.operator import InforSyteLineInvoiceOperator

        return InforSyteLineInvoiceOperator
    raise AttributeError(name)
