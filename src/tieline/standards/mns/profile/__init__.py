"""The extension classes between a utility and its operator: ``UtilitySubscription`` and ``UtilityCard``.

No standard has a write interface for SIM state, data plan or card stock, so these two classes are ours, shaped like
their published neighbours. ``docs/reference/operator-profile.md`` is the contract; this module is its grammar: which
attribute has which type and bounds, who may write it, and which states follow which.

An attribute that is not set is absent from a representation; a merge with ``null`` unsets it.
"""

from tieline.standards.mns.profile.reports import (
    CardAttributes,
    CardReport,
    Operational,
    ServingCell,
    Settings,
    SubscriptionAttributes,
    SubscriptionReport,
    Unreadable,
    decode_cards,
    decode_subscriptions,
)
from tieline.standards.mns.profile.rules import (
    CARD,
    CLASSES,
    DESIRED_NAMES,
    SUBSCRIPTION,
    Attribute,
    Problem,
    validate,
    validate_transition,
)
from tieline.standards.mns.profile.words import (
    CARD_CLASS,
    DEFAULT_TRANSITIONS,
    SUBSCRIPTION_CLASS,
    CardKind,
    Generation,
    RatType,
    State,
    StockState,
    Writer,
)

__all__ = [
    "CARD",
    "CARD_CLASS",
    "CLASSES",
    "DEFAULT_TRANSITIONS",
    "DESIRED_NAMES",
    "SUBSCRIPTION",
    "SUBSCRIPTION_CLASS",
    "Attribute",
    "CardAttributes",
    "CardKind",
    "CardReport",
    "Generation",
    "Operational",
    "Problem",
    "RatType",
    "ServingCell",
    "Settings",
    "State",
    "StockState",
    "SubscriptionAttributes",
    "SubscriptionReport",
    "Unreadable",
    "Writer",
    "decode_cards",
    "decode_subscriptions",
    "validate",
    "validate_transition",
]
