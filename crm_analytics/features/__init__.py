"""What the models look at: functions from a warehouse and a day to a table of stated grain, loaded when asked for."""

import sys
from importlib import import_module
from types import ModuleType

_HOMES = {
    "purchases": "purchases",
    "habits": "purchases",
    "acquisition": "acquisition",
    "campaign_aims": "acquisition",
    "rfm": "rfm",
    "rhythm": "rhythm",
    "price_response": "price_response",
    "loyalty": "loyalty",
    "purchase_days": "purchases",
    "spend": "purchases",
    "profile": "profile",
    "segments": "segments",
    "holdings": "holdings",
    "profile_outcomes": "profile_outcomes",
    "history": "history",
    "alike": "history",
    "goods_bought": "goods_bought",
    "sales": "sales",
    "daily_sales": "daily",
    "daily_enquiries": "enquiries",
    "panel": "panel",
    "daily_causes": "causes",
    "daily_cuts": "cuts",
    "daily_enquiry_cuts": "cuts",
    "product_periods": "assortment",
    "profitability": "profitability",
    "campaign_outcomes": "campaigns",
    "campaign_money": "campaign_money",
    "campaign_returns": "campaign_returns",
    "market_days": "market_days",
    "paths": "paths",
    "contact_paths": "contact_paths",
    "incremental": "incremental",
    "advertising_costs": "advertising_costs",
    "funnel": "funnel",
    "campaign_people": "campaign_people",
    "campaign_tests": "campaign_tests",
    "campaign_opt_outs": "opt_outs",
    "media": "media",
    "experiments": "experiments",
    "lead_money": "lead_money",
    "claims": "claims",
    "foretold": "foretold",
    "order_inputs": "order_inputs",
    "campaign_days": "campaign_parts",
    "campaign_parts": "campaign_parts",
    "complaints": "complaints",
    "crm_metrics": "crm_metrics",
    "crm_teams": "crm_teams",
    "first_contacts": "first_contacts",
    "settled_cases": "settled",
    "response_delays": "response_delays",
    "after_complaints": "complaints",
    "reachable": "audience",
    "loads": "loads",
    "identities": "one_customer",
    "fields": "fields",
    "dealers": "dealers",
    "training": "training",
    "future_best": "best",
    "defects": "defects",
    "answers": "voice",
    "preferences": "voice",
    "customer_base": "voice",
    "spend_after_answers": "voice",
    "cohorts": "cohorts",
    "departures": "departures",
    "loss_reasons": "loss_reasons",
    "lifetimes": "lifetimes",
    "memberships": "lifetimes",
    "customer_periods": "bridge",
    "product_cells": "bridge",
    "trials": "trials",
    "word_of_mouth": "word_of_mouth",
}
"""Every feature, and the module it lives in."""

__all__ = sorted(_HOMES)


def __getattr__(name: str):
    if name not in _HOMES:
        raise AttributeError(f"There is no feature {name!r}; there are {', '.join(__all__)}.")
    return getattr(import_module(f"crm_analytics.features.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__


class _Features(ModuleType):
    """A feature may have the name of the module it lives in: importing the module must not put it in its place."""

    def __setattr__(self, name: str, value: object) -> None:
        if not (name in _HOMES and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Features
