"""An analytical CRM: collect, plan, carry out, judge, and begin again. The public words, loaded when first used."""

from importlib import import_module

_HOMES = {
    "Warehouse": "warehouse.engine",
    "Check": "result",
    "NotEnough": "result",
    "Result": "result",
    "Study": "result",
    "draw": "charts",
    "Sources": "collection.value.reconciliation",
    "OneCustomer": "collection.identity.one_customer",
    "DataValue": "collection.value.data_value",
    "Defects": "collection.value.defects",
    "Conjoint": "collection.voice.conjoint",
    "Importance": "collection.voice.importance",
    "Linkage": "collection.voice.linkage",
    "Satisfaction": "collection.voice.satisfaction",
    "Voices": "collection.voice.voices",
    "ABC": "planning.products.assortment",
    "Budget": "planning.offers.budget",
    "CustomerValue": "planning.customers.value",
    "Changes": "planning.customers.changes",
    "CustomerPage": "planning.customers.page",
    "Dealers": "planning.customers.dealers",
    "FuzzySelection": "planning.customers.fuzzy_selection",
    "Word": "planning.customers.words",
    "NextProduct": "planning.offers.next_product",
    "Payback": "planning.customers.payback",
    "WinOrKeep": "planning.customers.win_or_keep",
    "NextPurchase": "planning.customers.next_purchase",
    "Outside": "planning.market.outside",
    "LifeCycle": "planning.customers.life_cycle",
    "Profitability": "planning.customers.profitability",
    "Loyalty": "planning.customers.loyalty",
    "RFM": "planning.customers.rfm",
    "Segments": "planning.customers.segments",
    "Membership": "planning.customers.membership",
    "Gaps": "planning.customers.gaps",
    "Clusters": "planning.customers.clusters",
    "Sales": "planning.customers.sales",
    "Traits": "planning.customers.traits",
    "LookAlikes": "planning.customers.look_alikes",
    "Score": "planning.customers.score",
    "Audience": "execution.audience",
    "Ledger": "execution.ledger",
    "Outbox": "execution.outbox",
    "Baseline": "effectiveness.baseline",
    "Lift": "effectiveness.lift",
    "PlanFact": "effectiveness.plan_fact",
}
"""Every public word, and the module it lives in."""

__all__ = ["features", "questions", "readers", "studies", "widgets", *sorted(_HOMES)]


def studies() -> dict[str, type]:
    """Every Study by its name, as `crm ask` takes it: `{"customer_value": CustomerValue, …}`."""
    study = __getattr__("Study")
    words = (__getattr__(word) for word in _HOMES)
    found = (w for w in words if isinstance(w, type) and issubclass(w, study) and w is not study)
    return {one.name(): one for one in found}


def questions() -> dict[str, tuple[str, ...]]:
    """Every Study's name, and the canonical tables without which it cannot be asked."""
    features = import_module("crm_analytics.features")
    return {name: getattr(features, study.reads).needs for name, study in studies().items()}


def readers() -> dict[str, str]:
    """Every Study that asks about facts, and the feature it reads: which fields it uses follows from that."""
    features = import_module("crm_analytics.features")
    return {name: study.reads for name, study in studies().items() if getattr(features, study.reads).needs}


def __getattr__(name: str):
    if name in ("features", "widgets"):
        return import_module(f"crm_analytics.{name}")
    if name not in _HOMES:
        raise AttributeError(f"crm_analytics has no {name!r}; its words are {', '.join(__all__)}.")
    return getattr(import_module(f"crm_analytics.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
