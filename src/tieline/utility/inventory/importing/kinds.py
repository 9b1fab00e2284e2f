"""The fields of each kind of thing that can be imported: their names, what they may hold, how they are kept."""

from collections.abc import Mapping
from dataclasses import dataclass

from tieline.standards import numbering
from tieline.utility.inventory.importing import converters as c
from tieline.utility.inventory.model import GENERATIONS, Criticality, Kind, Rat, SiteKind, SubscriptionState


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """One field: ``sql`` is its type in the database; ``known_as`` are headers by which it is recognised."""

    name: str
    convert: c.Converter
    sql: str = "text"
    required: bool = False
    known_as: tuple[str, ...] = ()
    meaning: str = ""


def _field(
    name: str,
    convert: c.Converter,
    meaning: str,
    *,
    sql: str = "text",
    required: bool = False,
    known_as: str = "",
) -> FieldSpec:
    return FieldSpec(name, convert, sql, required, tuple(known_as.split(",")) if known_as else (), meaning)


_ID = c.code(64)
_TEXT = c.text(200)
_LAT = c.number(-90, 90, " degrees")
_LON = c.number(-180, 180, " degrees")
_RATS = c.choice(
    list(Rat),
    {"2G": "GERAN", "GSM": "GERAN", "3G": "UTRA", "UMTS": "UTRA", "4G": "EUTRA", "LTE": "EUTRA"}
    | {"E-UTRA": "EUTRA", "E-UTRAN": "EUTRA", "UTRAN": "UTRA", "5G": "NR"},
)
_CARD = c.choice(["plastic", "euicc"], {"uicc": "plastic", "sim": "plastic", "esim": "euicc", "e-sim": "euicc"})
_KINDS = c.choice(list(SiteKind), {"gsp": "grid_supply_point", "bsp": "bulk_supply_point"})
_OPERATOR = _field("operator", c.code(32), "code of the operator", required=True, known_as="mno,carrier,network")

_SITE = (
    _field("external_id", _ID, "the utility's own identifier", required=True, known_as="id,site_id,site,code,asset_id"),
    _field("name", _TEXT, "what people call it", required=True, known_as="site_name,title,bezeichnung"),
    _field("kind", _KINDS, "place in the grid", known_as="level,type,site_type"),
    _field("stand_in", c.boolean, "is no real site, but stands for one", sql="boolean"),
    _field("lat", _LAT, "latitude, WGS 84 degrees", sql="float8", known_as="latitude,y,breite"),
    _field("lon", _LON, "longitude, WGS 84 degrees", sql="float8", known_as="longitude,lng,long,x,laenge"),
    _field("region", c.text(100), "region; people may be confined to some", known_as="area,county"),
    _field("district", c.text(100), "smaller area", known_as="dno,zone"),
    _field("postcode", c.text(20), "postcode", known_as="zip,postal_code,plz"),
    _field("voltage_kv", c.number(0, 2000, " kV"), "highest voltage, kV", sql="float8", known_as="kv,voltage,kv_up"),
    _field("customers", c.integer(0, 100_000_000), "customers behind it", sql="integer", known_as="households"),
    _field("criticality", c.choice(list(Criticality)), "how much depends on it", known_as="priority,importance"),
    _field("parent_external_id", _ID, "identifier of the site that feeds it", known_as="parent,fed_by,parent_id"),
)
_DEVICE = (
    _field("external_id", _ID, "the utility's own identifier", required=True, known_as="id,device_id,device,serial"),
    _field("site_external_id", _ID, "site where it stands", known_as="site_id,site"),
    _field("make", _TEXT, "manufacturer", known_as="vendor,manufacturer"),
    _field("model", _TEXT, "model", known_as="type,product"),
    _field("imei", c.checked(numbering.check_imei), "IMEI, 15 digits", known_as="imei1"),
    _field("generations", c.choices(GENERATIONS), "generations it can do", sql="text[]", known_as="technologies,rats"),
    _field("bands", c.codes(8), "frequency bands it can do", sql="text[]", known_as="frequency_bands"),
    _field("modems", c.integer(1, 8), "number of modems", sql="integer", known_as="modem_count"),
    _field("firmware", _TEXT, "firmware version", known_as="firmware_version,fw,version"),
    _field("installed_on", c.day, "day of installation", sql="date", known_as="installed,installation_date"),
)
_CELL = (
    _OPERATOR,
    _field("cell_key", _ID, "the operator's identifier of the cell", required=True, known_as="cell,cell_id,cgi,ecgi"),
    _field("rat", _RATS, "radio access technology", required=True, known_as="radio,technology,rat_type"),
    _field("band", c.code(16), "frequency band", known_as="lte_band,frequency_band"),
    _field("arfcn", c.integer(0, 3_279_165), "channel number (TS 38.101-1)", sql="integer", known_as="earfcn,channel"),
    _field("tac", c.code(16), "tracking or location area", known_as="tac_lac,lac"),
    _field("pci", c.code(16), "physical cell identity", known_as="pci_psc_bsic,psc,bsic"),
    _field("lat", _LAT, "latitude, WGS 84 degrees", sql="float8", known_as="latitude,y"),
    _field("lon", _LON, "longitude, WGS 84 degrees", sql="float8", known_as="longitude,lng,long,x"),
    _field("mast_key", _ID, "mast that carries it; unset: cells at one position share one", known_as="mast,site,tower"),
    _field("invented", c.boolean, "is not real", sql="boolean"),
)
_SUBSCRIPTION = (
    _OPERATOR,
    _field(
        "operator_ref",
        _ID,
        "the operator's identifier",
        required=True,
        known_as="subscription_id,line_id,subscription,id,reference",
    ),
    _field(
        "iccid",
        c.checked(numbering.check_iccid),
        "ICCID of the card, 19 or 20 digits",
        required=True,
        known_as="sim_number,sim,card,icc",
    ),
    _field("eid", c.checked(numbering.check_eid), "EID of an eUICC, 32 digits"),
    _field("card_kind", _CARD, "plastic or euicc", known_as="card_type,form_factor"),
    _field("imsi", c.checked(numbering.check_imsi), "IMSI, of one of the operator's networks"),
    _field("msisdn", c.checked(numbering.check_msisdn), "MSISDN, international", known_as="phone,phone_number,number"),
    _field("state", c.choice(list(SubscriptionState)), "state", known_as="status,sim_status"),
    _field("apn", c.code(100), "access point name", known_as="apn_name"),
    _field("ip_address", c.address, "fixed IP address", sql="inet", known_as="ip,fixed_ip,fixed_ip_address,address"),
    _field("subscription_group", c.text(100), "group at the operator", known_as="group"),
    _field("data_plan", c.text(100), "tariff", known_as="plan,rate_plan,tariff"),
    _field("rat_restriction", c.choices(list(Rat)), "technologies that are barred", sql="text[]"),
    _field("imei_lock", c.checked(numbering.check_imei), "the only IMEI it may be used with", known_as="imei"),
    _field("generation", c.choice(GENERATIONS), "newest generation it may use", known_as="technology"),
)
_LINK = (
    _field("site_external_id", _ID, "site", required=True, known_as="site_id,site"),
    _field("device_external_id", _ID, "device", required=True, known_as="device_id,device"),
    _field("modem_slot", c.integer(1, 8), "which modem or card holder", sql="integer", known_as="slot,sim_slot"),
    _field("iccid", c.checked(numbering.check_iccid), "card in it", required=True, known_as="sim_number,sim,card,icc"),
    _field("role", c.choice(["primary", "backup"]), "primary or backup", known_as="priority,path"),
)
_ADDRESS_POOL = (
    _OPERATOR,
    _field("apn", c.code(100), "access point name", required=True, known_as="apn_name"),
    _field("cidr", c.network, "address block, like 10.0.0.0/24", sql="cidr", required=True, known_as="prefix,block"),
    _field("name", _TEXT, "what people call it", required=True, known_as="title"),
)

KINDS: Mapping[Kind, tuple[FieldSpec, ...]] = {
    Kind.SITE: _SITE,
    Kind.DEVICE: _DEVICE,
    Kind.CELL: _CELL,
    Kind.SUBSCRIPTION: _SUBSCRIPTION,
    Kind.LINK: _LINK,
    Kind.ADDRESS_POOL: _ADDRESS_POOL,
}
"""What can be imported, with its fields. An import has to give the required ones; the others it may leave alone."""
