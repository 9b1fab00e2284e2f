"""The words of the operator profile: states and what follows them, technologies, cards, and who writes."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

SUBSCRIPTION_CLASS = "UtilitySubscription"
CARD_CLASS = "UtilityCard"


class State(StrEnum):
    """Life of a subscription."""

    INVENTORY = "INVENTORY"
    TEST_READY = "TEST_READY"
    ACTIVE = "ACTIVE"
    SUSPENDED = "SUSPENDED"
    RETIRED = "RETIRED"


DEFAULT_TRANSITIONS: Mapping[State, frozenset[State]] = MappingProxyType(
    {
        State.INVENTORY: frozenset({State.TEST_READY, State.ACTIVE, State.RETIRED}),
        State.TEST_READY: frozenset({State.ACTIVE, State.INVENTORY, State.RETIRED}),
        State.ACTIVE: frozenset({State.SUSPENDED, State.RETIRED}),
        State.SUSPENDED: frozenset({State.ACTIVE, State.RETIRED}),
        State.RETIRED: frozenset(),
    }
)
"""What an operator allows unless its capabilities say otherwise. Staying in a state is no transition."""


class Generation(StrEnum):
    """The generation of networks that a subscription is meant for."""

    G2 = "2G"
    G3 = "3G"
    G4 = "4G"
    G5 = "5G"


class RatType(StrEnum):
    """Radio access technologies; NB-IoT and LTE-M count as EUTRA, their band says which."""

    GERAN = "GERAN"
    UTRA = "UTRA"
    EUTRA = "EUTRA"
    NR = "NR"


class CardKind(StrEnum):
    """What a card is made of."""

    PLASTIC = "PLASTIC"
    EUICC = "EUICC"


class StockState(StrEnum):
    """Where a card is, as the utility keeps its stock."""

    IN_STOCK = "IN_STOCK"
    RESERVED = "RESERVED"
    ISSUED = "ISSUED"
    FITTED = "FITTED"
    RETURNED = "RETURNED"
    LOST = "LOST"
    BLOCKED = "BLOCKED"


class Writer(StrEnum):
    """Who may write an attribute; the other side reads it."""

    UTILITY = "utility"
    OPERATOR = "operator"
