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
    "CustomerValue": "planning.customers.worth.value",
    "Changes": "planning.customers.one.changes",
    "CustomerPage": "planning.customers.one.page",
    "Dealers": "planning.customers.profit.dealers",
    "FuzzySelection": "planning.customers.words.fuzzy_selection",
    "Word": "planning.customers.words.words",
    "NextProduct": "planning.offers.next_product",
    "Payback": "planning.customers.worth.payback",
    "WinOrKeep": "planning.customers.worth.win_or_keep",
    "NextPurchase": "planning.customers.next.next_purchase",
    "Outside": "planning.market.outside",
    "LifeCycle": "planning.customers.base.life_cycle",
    "Profitability": "planning.customers.profit.profitability",
    "Loyalty": "planning.customers.base.loyalty",
    "RFM": "planning.customers.base.rfm",
    "Segments": "planning.customers.segments.segments",
    "Membership": "planning.customers.segments.membership",
    "Gaps": "planning.customers.segments.gaps",
    "Clusters": "planning.customers.clusters.clusters",
    "Sales": "planning.customers.cut.sales",
    "Traits": "planning.customers.segments.traits",
    "LookAlikes": "planning.customers.scores.look_alikes",
    "Score": "planning.customers.scores.score",
    "Audience": "execution.audience",
    "Ledger": "execution.ledger",
    "Outbox": "execution.outbox",
    "Attribution": "effectiveness.paths.attribution",
    "Funnel": "effectiveness.paths.funnel",
    "LeadProfit": "effectiveness.paths.lead_profit",
    "Baseline": "effectiveness.unlinked.baseline",
    "LocalEffects": "effectiveness.unlinked.local_effects",
    "Lag": "effectiveness.timing.lag",
    "BestTiming": "effectiveness.timing.best_timing",
    "BestCampaign": "effectiveness.control.best_campaign",
    "Bridge": "effectiveness.customers.bridge",
    "Cohorts": "effectiveness.customers.cohorts",
    "Departures": "effectiveness.customers.departures",
    "LossReasons": "effectiveness.customers.loss_reasons",
    "Retention": "effectiveness.customers.retention",
    "PriceVolume": "effectiveness.customers.price_volume",
    "Jump": "effectiveness.causes.jump",
    "ChannelMix": "effectiveness.media.mix",
    "Diary": "effectiveness.diary.diary",
    "Outlook": "effectiveness.diary.outlook",
    "DataDrift": "effectiveness.diary.data_drift",
    "RootCause": "effectiveness.causes.root_cause",
    "Complaints": "effectiveness.service.complaints",
    "CRMBrought": "effectiveness.crm.brought",
    "CRMByTeam": "effectiveness.crm.by_team",
    "ResponseDelay": "effectiveness.timing.response_delay",
    "FirstContact": "effectiveness.service.first_contact",
    "ComplaintCost": "effectiveness.service.complaint_cost",
    "WordOfMouth": "effectiveness.service.word_of_mouth",
    "Lift": "effectiveness.control.lift",
    "OptOuts": "effectiveness.control.opt_outs",
    "Overlap": "effectiveness.control.overlap",
    "PanelEffect": "effectiveness.panel.panel_effect",
    "PlanFact": "effectiveness.money.plan_fact",
    "PullForward": "effectiveness.control.pull_forward",
    "Spillover": "effectiveness.control.spillover",
    "ManagementReview": "effectiveness.review.management_review",
    "Trust": "trust.trust",
    "Uplift": "effectiveness.control.uplift",
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
