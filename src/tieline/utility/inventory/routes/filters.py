"""The filter of the fleet as query parameters, the same everywhere."""

from typing import Annotated, Literal

from fastapi import Depends, Query

from tieline.utility.inventory.model import Criticality, FleetFilter, SiteKind, StockState, SubscriptionState

_Word = Annotated[str, Query(max_length=200)]
Words = Annotated[list[_Word], Query(max_length=200)]
Generation = Literal["2G", "3G", "4G", "5G"]


def fleet_filter(
    *,
    operator: Words = [],  # noqa: B006 - FastAPI copies defaults
    technology: Annotated[
        list[Literal["2G", "3G", "4G", "5G", "none"]], Query(description="Of the serving cell; none: never reported.")
    ] = [],  # noqa: B006
    band: Words = [],  # noqa: B006
    state: Annotated[list[SubscriptionState], Query()] = [],  # noqa: B006
    region: Words = [],  # noqa: B006
    criticality: Annotated[list[Criticality], Query()] = [],  # noqa: B006
    kind: Annotated[list[SiteKind], Query(description="Kind of site.")] = [],  # noqa: B006
    generation: Annotated[list[Generation], Query(description="What the device can do.")] = [],  # noqa: B006
    subscription_generation: Annotated[list[Generation], Query()] = [],  # noqa: B006
    apn: Words = [],  # noqa: B006
    lan_group: Annotated[list[_Word], Query(max_length=200, description="In one of these 5G LAN groups.")] = [],  # noqa: B006
    role: Annotated[list[Literal["primary", "backup"]], Query()] = [],  # noqa: B006
    stock_state: Annotated[list[StockState], Query()] = [],  # noqa: B006
    site_id: Annotated[list[int], Query(max_length=1000)] = [],  # noqa: B006
    cell_key: Annotated[str, Query(max_length=64)] = "",
    q: Annotated[str, Query(max_length=200, description="Beginning of a name's words, identifier or postcode.")] = "",
    hanging_on: Annotated[Generation | None, Query(description="Sites whose live links are all on it.")] = None,
    shared_mast: bool | None = None,
    stale: Annotated[bool | None, Query(description="Serving cell reported over 24 h ago, or never.")] = None,
    drift: Annotated[bool | None, Query(description="The operator reports something else than is desired.")] = None,
    linked: bool | None = None,
    attached: bool | None = None,
) -> FleetFilter:
    """The filter that the query parameters ask for."""
    return FleetFilter(
        operators=tuple(operator),
        technologies=tuple(technology),
        bands=tuple(band),
        states=tuple(state),
        regions=tuple(region),
        criticalities=tuple(criticality),
        kinds=tuple(kind),
        generations=tuple(generation),
        subscription_generations=tuple(subscription_generation),
        apns=tuple(apn),
        lan_groups=tuple(lan_group),
        roles=tuple(role),
        stock_states=tuple(stock_state),
        site_ids=tuple(site_id),
        cell_key=cell_key,
        q=q,
        hanging_on=hanging_on or "",
        shared_mast=shared_mast,
        stale=stale,
        drift=drift,
        linked=linked,
        attached=attached,
    )


Wanted = Annotated[FleetFilter, Depends(fleet_filter)]
Limit = Annotated[int, Query(ge=1, le=1000)]
Cursor = Annotated[str | None, Query(max_length=2000, description="`next` of the page before.")]
