"""The extension classes as a read gives them, decoded in bulk."""

from datetime import datetime
from typing import NamedTuple, TypeVar

import msgspec

from tieline.standards.mns.errors import RepresentationError
from tieline.standards.mns.profile.words import (
    CARD_CLASS,
    SUBSCRIPTION_CLASS,
    CardKind,
    Generation,
    RatType,
    State,
    StockState,
)

_T = TypeVar("_T")


class ServingCell(msgspec.Struct, frozen=True, gc=False, rename="camel", omit_defaults=True):
    """The cell that last served a subscription, and when the network said so."""

    cell_id: str | None = None
    rat_type: RatType | None = None
    band: str | None = None
    plmn: str | None = None
    reported_at: datetime | None = None


class Settings(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """What can be desired of a subscription, and what then is operational."""

    state: State | None = None
    apn: str | None = None
    ip_address: str | None = None
    subscription_group: str | None = None
    data_plan: str | None = None
    rat_restriction: list[RatType] | None = None
    imei_lock: str | None = None


class Operational(Settings, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """What the network does, and since when."""

    since: datetime | None = None


class SubscriptionAttributes(Settings, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """The attributes of a ``UtilitySubscription`` as a read gives them; those inherited are the desired ones."""

    user_label: str | None = None
    imsi: str | None = None
    msisdn: str | None = None
    generation: Generation | None = None
    card: str | None = None
    imei: str | None = None
    attached: bool | None = None
    last_seen: datetime | None = None
    serving_cell: ServingCell | None = None
    lan_groups: list[str] | None = None
    operational: Operational | None = None
    last_modified_at: datetime | None = None
    last_modified_by: str | None = None
    last_plan: str | None = None


class SubscriptionReport(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """One ``UtilitySubscription`` of a flat read."""

    id: str
    attributes: SubscriptionAttributes
    object_class: str = SUBSCRIPTION_CLASS
    object_instance: str | None = None


class CardAttributes(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """The attributes of a ``UtilityCard`` as a read gives them."""

    stock_state: StockState | None = None
    eid: str | None = None
    kind: CardKind | None = None
    carries: str | None = None
    last_modified_at: datetime | None = None
    last_modified_by: str | None = None
    last_plan: str | None = None


class CardReport(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """One ``UtilityCard`` of a flat read; ``id`` is its ICCID."""

    id: str
    attributes: CardAttributes
    object_class: str = CARD_CLASS
    object_instance: str | None = None


class Unreadable(NamedTuple):
    """An item of a flat read that is no report: its place, its id if it has one, and why."""

    position: int
    id: str | None
    reason: str


_subscriptions = msgspec.json.Decoder(list[SubscriptionReport])
_cards = msgspec.json.Decoder(list[CardReport])
_raw_items = msgspec.json.Decoder(list[msgspec.Raw])
_one_subscription = msgspec.json.Decoder(SubscriptionReport)
_one_card = msgspec.json.Decoder(CardReport)


class _OnlyId(msgspec.Struct):
    id: str | None = None


_only_id = msgspec.json.Decoder(_OnlyId)


def decode_subscriptions(body: bytes) -> tuple[list[SubscriptionReport], list[Unreadable]]:
    """Read the flat answer of a GET of subscriptions, tens of thousands at once.

    What cannot be read is reported apart, so that one bad object does not hide the others.

    Raises:
        RepresentationError: if the body is no JSON array.

    """
    return _decode(body, _subscriptions, _one_subscription)


def decode_cards(body: bytes) -> tuple[list[CardReport], list[Unreadable]]:
    """Read the flat answer of a GET of cards, as ``decode_subscriptions`` does.

    Raises:
        RepresentationError: if the body is no JSON array.

    """
    return _decode(body, _cards, _one_card)


def _decode(
    body: bytes, whole: msgspec.json.Decoder[list[_T]], one: msgspec.json.Decoder[_T]
) -> tuple[list[_T], list[Unreadable]]:
    try:
        return whole.decode(body), []
    except (msgspec.ValidationError, RecursionError):
        return _one_by_one(body, one)
    except msgspec.DecodeError as error:
        raise RepresentationError(f"the objects cannot be read: {error}") from error


def _one_by_one(body: bytes, decoder: msgspec.json.Decoder[_T]) -> tuple[list[_T], list[Unreadable]]:
    good: list[_T] = []
    bad: list[Unreadable] = []
    try:
        items = _raw_items.decode(body)
    except (msgspec.DecodeError, RecursionError) as error:
        raise RepresentationError(f"the objects cannot be read: {error}") from error
    for position, raw in enumerate(items):
        try:
            good.append(decoder.decode(raw))
        except msgspec.ValidationError as error:
            bad.append(Unreadable(position, _id_of(raw), str(error)))
    return good, bad


def _id_of(raw: msgspec.Raw) -> str | None:
    try:
        return _only_id.decode(raw).id
    except msgspec.ValidationError:
        return None
