"""The inventory: what there is. Operators, sites, devices, cards, subscriptions, links, cells, addresses.

What other contexts may call stands here. Every function takes a transaction and the asker's scope, and neither opens
nor ends a transaction:

- :func:`resolve_selection` freezes a filter into rows; :func:`subscriptions` reads some again; :func:`sites_hanging`
  reads all that hangs on a technology, in few words;
- :func:`take_stock`, :func:`issue_stock`, :func:`release_stock`: cards from an operator's stock, by key;
- :func:`card_facts`, :func:`device_facts`, :func:`site_facts`, :func:`cards_in_devices`: goods as they stand;
  :func:`set_stock_states`, :func:`add_devices`, :func:`place_devices` keep them in step with the ledger of logistics;
  :func:`known_imeis`, :func:`models_by_tac` check what is delivered, :func:`read_table` reads its note;
- :func:`reserve_addresses`, :func:`release_addresses`: addresses from the address plan, by key; :func:`held_for` tells
  the keys of a change;
- :func:`fit_links`, :func:`end_links`, :func:`take_devices_away`: what a crew fits and takes away, as links with dates;
- :func:`apply_desired` sets desired values by compare-and-set, with the before-image in ``history``;
- :func:`apply_reports` takes what operators report, and says where it differs from what is desired;
- :func:`count_by_area`, :func:`sites_by_area`, :func:`places_by_area`: what hangs on a technology of an operator, in
  areas that it names;
- :func:`take_sightings`, :func:`mark_absent`, :func:`mark_unread` compare what else operators show;
  :func:`sightings`, :func:`unknown_sightings` say what deviates;
- :func:`reach`: the address at which the application behind a subscription is to be asked;
- :func:`define_lan_group`, :func:`lan_group`, :func:`lan_group_pools`, :func:`lan_groups`: 5G LAN groups; who is in
  one is a desired value; :func:`lan_group_differences` tells one from another;
- :func:`plain_address`: an IP address as it is kept;
- :func:`operators`, :func:`contracts`: whom we work with and what they grant;
- :func:`register_lane` adds a lane to the timelines of things, :func:`register_finder` a kind to the search over
  everything (:func:`find`).

Pages show what the REST API does: :func:`list_things`, :func:`count_things`, :func:`thing`, :func:`thing_detail`,
:func:`thing_history`, :func:`thing_timeline`, :func:`export_things`, :func:`search`, :func:`fleet_summary`,
:func:`card_stock`, :func:`site_map`, :func:`csv_row`; and for imports :func:`keep_sent` (of a form) and
:func:`keep_upload`, :func:`preview_import`, :func:`submit_import`, :func:`repeat_import`, :func:`list_imports`,
:func:`one_import`, :func:`import_problems`, :func:`import_report`, :func:`mappings`, :func:`save_mapping`.
"""

from tieline.utility.inventory.importing import converters
from tieline.utility.inventory.importing.kinds import KINDS as IMPORT_FIELDS
from tieline.utility.inventory.importing.kinds import FieldSpec
from tieline.utility.inventory.importing.mapping import FileMapping, from_object, from_toml
from tieline.utility.inventory.importing.problems import Bad
from tieline.utility.inventory.importing.sheets import Sheet, SheetRow
from tieline.utility.inventory.importing.suggest import Preview
from tieline.utility.inventory.importing.suggest import preview as preview_import
from tieline.utility.inventory.jobs import repeat_import, submit_import
from tieline.utility.inventory.model import (
    FIELDS,
    TECHNOLOGIES,
    AddressWant,
    Applied,
    ApplyOutcome,
    CardFacts,
    Contract,
    Desired,
    DesiredChange,
    DeviceFacts,
    Drift,
    Field,
    FleetFilter,
    FleetRow,
    HangingSite,
    HistoryEntry,
    ImportMode,
    ImportRun,
    ImportState,
    Kind,
    LanGroup,
    LanGroupSpec,
    NewDevice,
    NoAddress,
    Operator,
    OperatorReport,
    PoolUse,
    Reach,
    ReportOutcome,
    Reserved,
    SavedMapping,
    Selection,
    SiteFacts,
    StockCard,
    StockChange,
    StockState,
    StockWant,
    VersionConflict,
)
from tieline.utility.inventory.model.areas import Area, AreaCount, AreaKind, AreaPart, AreaSite
from tieline.utility.inventory.model.sightings import Shown, ShownOutcome, Sighting, Tally
from tieline.utility.inventory.policy.addresses import plain as plain_address
from tieline.utility.inventory.policy.export import csv_row
from tieline.utility.inventory.policy.groups import differences as lan_group_differences
from tieline.utility.inventory.service.areas import count_by_area, places_by_area, sites_by_area
from tieline.utility.inventory.service.export import ExportForm
from tieline.utility.inventory.service.export import export as export_things
from tieline.utility.inventory.service.export import report as import_report
from tieline.utility.inventory.service.finding import Finder, Typed, find, register_finder
from tieline.utility.inventory.service.finding import hit as search_hit
from tieline.utility.inventory.service.fitting import (
    FitOutcome,
    Fitted,
    Fitting,
    NotFitted,
    end_links,
    fit_links,
    take_devices_away,
)
from tieline.utility.inventory.service.fleet import (
    apply_desired,
    apply_reports,
    reach,
    resolve_selection,
    sites_hanging,
    subscriptions,
    tidy_reports,
)
from tieline.utility.inventory.service.goods import (
    TAC_LENGTH,
    add_devices,
    card_facts,
    cards_in_devices,
    device_facts,
    known_imeis,
    models_by_tac,
    place_devices,
    set_stock_states,
    site_facts,
)
from tieline.utility.inventory.service.groups import define_lan_group, lan_group, lan_group_pools, lan_groups
from tieline.utility.inventory.service.imports import one as one_import
from tieline.utility.inventory.service.imports import page as list_imports
from tieline.utility.inventory.service.imports import problems as import_problems
from tieline.utility.inventory.service.map import site_map
from tieline.utility.inventory.service.operators import mapping, mappings
from tieline.utility.inventory.service.operators import put_mapping as save_mapping
from tieline.utility.inventory.service.search import Hit, search
from tieline.utility.inventory.service.sightings import (
    by_refs,
    mark_absent,
    mark_unread,
    marks,
    moved,
    sightings,
    take_sightings,
    unknown_sightings,
)
from tieline.utility.inventory.service.stock import (
    held_for,
    issue_stock,
    release_addresses,
    release_stock,
    reserve_addresses,
    take_stock,
)
from tieline.utility.inventory.service.summary import DIMENSIONS, FleetSummary, card_stock, fleet_summary
from tieline.utility.inventory.service.things import count as count_things
from tieline.utility.inventory.service.things import detail as thing_detail
from tieline.utility.inventory.service.things import history as thing_history
from tieline.utility.inventory.service.things import one as thing
from tieline.utility.inventory.service.things import page as list_things
from tieline.utility.inventory.service.things import sorts
from tieline.utility.inventory.service.things import timeline as thing_timeline
from tieline.utility.inventory.service.uploads import Upload, keep_sent, read_table
from tieline.utility.inventory.service.uploads import keep as keep_upload
from tieline.utility.inventory.store.operators import contracts, operators
from tieline.utility.inventory.timeline import Thing, TimelineEvent, register_lane

__all__ = [
    "DIMENSIONS",
    "FIELDS",
    "IMPORT_FIELDS",
    "TAC_LENGTH",
    "TECHNOLOGIES",
    "AddressWant",
    "Applied",
    "ApplyOutcome",
    "Area",
    "AreaCount",
    "AreaKind",
    "AreaPart",
    "AreaSite",
    "Bad",
    "CardFacts",
    "Contract",
    "Desired",
    "DesiredChange",
    "DeviceFacts",
    "Drift",
    "ExportForm",
    "Field",
    "FieldSpec",
    "FileMapping",
    "Finder",
    "FitOutcome",
    "Fitted",
    "Fitting",
    "FleetFilter",
    "FleetRow",
    "FleetSummary",
    "HangingSite",
    "HistoryEntry",
    "Hit",
    "ImportMode",
    "ImportRun",
    "ImportState",
    "Kind",
    "LanGroup",
    "LanGroupSpec",
    "NewDevice",
    "NoAddress",
    "NotFitted",
    "Operator",
    "OperatorReport",
    "PoolUse",
    "Preview",
    "Reach",
    "ReportOutcome",
    "Reserved",
    "SavedMapping",
    "Selection",
    "Sheet",
    "SheetRow",
    "Shown",
    "ShownOutcome",
    "Sighting",
    "SiteFacts",
    "StockCard",
    "StockChange",
    "StockState",
    "StockWant",
    "Tally",
    "Thing",
    "TimelineEvent",
    "Typed",
    "Upload",
    "VersionConflict",
    "add_devices",
    "apply_desired",
    "apply_reports",
    "by_refs",
    "card_facts",
    "card_stock",
    "cards_in_devices",
    "contracts",
    "converters",
    "count_by_area",
    "count_things",
    "csv_row",
    "define_lan_group",
    "device_facts",
    "end_links",
    "export_things",
    "find",
    "fit_links",
    "fleet_summary",
    "from_object",
    "from_toml",
    "held_for",
    "import_problems",
    "import_report",
    "issue_stock",
    "keep_sent",
    "keep_upload",
    "known_imeis",
    "lan_group",
    "lan_group_differences",
    "lan_group_pools",
    "lan_groups",
    "list_imports",
    "list_things",
    "mapping",
    "mappings",
    "mark_absent",
    "mark_unread",
    "marks",
    "models_by_tac",
    "moved",
    "one_import",
    "operators",
    "place_devices",
    "places_by_area",
    "plain_address",
    "preview_import",
    "reach",
    "read_table",
    "register_finder",
    "register_lane",
    "release_addresses",
    "release_stock",
    "repeat_import",
    "reserve_addresses",
    "resolve_selection",
    "save_mapping",
    "search",
    "search_hit",
    "set_stock_states",
    "sightings",
    "site_facts",
    "site_map",
    "sites_by_area",
    "sites_hanging",
    "sorts",
    "submit_import",
    "subscriptions",
    "take_devices_away",
    "take_sightings",
    "take_stock",
    "thing",
    "thing_detail",
    "thing_history",
    "thing_timeline",
    "tidy_reports",
    "unknown_sightings",
]
