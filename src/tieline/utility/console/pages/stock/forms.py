"""The forms of stock and logistics: moving, losing, ordering, delivering, counting, needing."""

import secrets
from collections.abc import Mapping, Sequence

from tieline.console.components.forms import Field, FileDrop, Form
from tieline.console.components.tables import Option
from tieline.utility.console.pages.stock import words
from tieline.utility.inventory import Operator
from tieline.utility.logistics import Goods, Place, PlaceKind

ACTS: Mapping[str, tuple[str, str, tuple[PlaceKind, ...]]] = {
    "issue": ("Issue to a crew", "Goods leave a warehouse with a crew.", (PlaceKind.CREW,)),
    "return": ("Take back", "Goods come back into a warehouse.", (PlaceKind.WAREHOUSE,)),
    "transfer": ("Transfer", "Goods go to another warehouse or crew.", (PlaceKind.WAREHOUSE, PlaceKind.CREW)),
    "repair": ("Send to repair", "Goods go to the repair shop.", (PlaceKind.REPAIR,)),
    "scrap": ("Scrap", "Goods are scrapped. Nothing leaves the scrap again.", (PlaceKind.SCRAP,)),
}
"""What can be done with goods: title, sentence, and to which sorts of place they go."""
ENDINGS = (".csv", ".tsv", ".txt", ".xlsx", ".jsonl", ".gz")
_PASTED = 400_000
_MEGABYTE = 1_000_000
_GENERATIONS = (Option("", "any"), *(Option(one, one) for one in ("2G", "3G", "4G", "5G")))


def goods(chosen: str = "card") -> Field:
    """Cards or routers."""
    options = tuple(Option(one.value, word) for one, word in words.GOODS.items())
    return Field("goods", "Goods", "radio", chosen if chosen in set(Goods) else "card", options=options)


def serials(value: str = "", error: str = "", *, hint: str = "") -> Field:
    """Serials, scanned or pasted."""
    said = hint or "Scan or paste: one a line, or with commas. ICCIDs of cards, your identifiers of routers."
    return Field("serials", "Serials", "textarea", value, said, error, maxlength=_PASTED)


def place(name: str, label: str, places: Sequence[Place], chosen: str = "", *, anywhere: bool = False) -> Field:
    """One of some places."""
    options = [Option("", "wherever they are")] if anywhere else []
    options += [Option(str(one.id), f"{one.name} ({words.KINDS[one.kind][0].lower()})") for one in places]
    return Field(name, label, "select", chosen, options=options, required=not anywhere)


def first(warehouses: Sequence[Place]) -> str:
    """The warehouse that is meant unless another is chosen: the main one."""
    main = [one for one in warehouses if one.code == "MAIN"]
    return str((main or list(warehouses))[0].id) if warehouses else ""


def key() -> str:
    """What makes a form that is sent twice one act."""
    return f"console:{secrets.token_hex(12)}"


def move(act: str, places: Sequence[Place], typed: Mapping[str, str], csrf: str, errors: Mapping[str, str]) -> Form:
    """What goes from where to where."""
    title, _, kinds = ACTS[act]
    to = [one for one in places if one.kind in kinds]
    warehouses = [one for one in places if one.kind is PlaceKind.WAREHOUSE]
    anywhere = [one for one in places if one.kind is not PlaceKind.SCRAP]
    source = (
        place("from_place", "From", warehouses, typed.get("from_place") or first(warehouses))
        if act == "issue"
        else place("from_place", "From", anywhere, typed.get("from_place", ""), anywhere=True)
    )
    chosen = typed.get("to_place") or (first(to) if act == "return" else "")
    fields = (
        source,
        place("to_place", "To", to, chosen),
        goods(typed.get("goods", "card")),
        serials(typed.get("serials", ""), errors.get("serials", "")),
        Field("reason", "Why", value=typed.get("reason", ""), required=False, maxlength=500),
        Field("reference", "For which work order", value=typed.get("reference", ""), required=False, maxlength=100),
    )
    return Form("/stock/move", fields, csrf, title, "/stock")


def loss(typed: Mapping[str, str], csrf: str, errors: Mapping[str, str]) -> Form:
    """What was lost."""
    how = (Option("", "Lost"), Option("1", "Stolen"))
    fields = (
        goods(typed.get("goods", "card")),
        serials(
            typed.get("serials", ""),
            errors.get("serials", ""),
            hint="One a line. Of a router, the cards in it are blocked as well.",
        ),
        Field("stolen", "How", "radio", typed.get("stolen", ""), options=how),
        Field(
            "why",
            "What happened",
            "textarea",
            typed.get("why", ""),
            "It becomes the reason of the change.",
            errors.get("why", ""),
            maxlength=2000,
        ),
    )
    return Form("/stock/lost/preview", fields, csrf, "See what will be blocked", "/stock/losses")


def order(operators: Sequence[Operator], typed: Mapping[str, str], csrf: str, errors: Mapping[str, str]) -> Form:
    """What is ordered."""

    def text(name: str, label: str, kind: str = "text", hint: str = "", *, required: bool = True) -> Field:
        """A question with what was typed and what was wrong with it."""
        return Field(
            name, label, kind, typed.get(name, ""), hint, errors.get(name, ""), required=required, maxlength=100
        )

    operator = (Option("", "none: routers"), *(Option(one.code, one.name) for one in operators))
    fields = (
        text("reference", "Order number"),
        goods(typed.get("goods", "card")),
        Field(
            "operator",
            "Operator of the cards",
            "select",
            typed.get("operator", ""),
            "",
            errors.get("operator", ""),
            operator,
            required=False,
        ),
        text("variety", "Kind or model", hint="plastic or euicc for cards; make and model for routers", required=False),
        Field(
            "generation",
            "Generation, at least",
            "select",
            typed.get("generation", ""),
            options=_GENERATIONS,
            required=False,
        ),
        text("number", "Number", "number"),
        text("supplier", "Supplier"),
        text("expected_on", "Expected on", "date"),
        text("note", "Note", required=False),
    )
    return Form("/stock/orders", fields, csrf, "Enter the order", "/stock/orders")


def delivery_fields(warehouses: Sequence[Place], chosen: str = "", note: str = "") -> tuple[Field, ...]:
    """Into which warehouse, and what becomes of the note."""
    options = (
        Option("", "Look first", hint="Every row is judged; nothing is taken in."),
        Option("1", "Take it in", hint="Good rows are in the warehouse; bad ones are reported, each with its rule."),
    )
    return (
        place("warehouse_id", "Into", warehouses, chosen or first(warehouses)),
        Field("note", "Number of the delivery note", value=note, required=False, maxlength=200),
        Field("take", "What to do", "radio", "", options=options),
    )


def drop(error: str = "") -> FileDrop:
    """Where the delivery note is dropped."""
    hint = "CSV, Excel or JSON lines, a row an item. Cards: iccid. Routers: external_id and imei; make, model, …"
    return FileDrop("file", "Delivery note", ENDINGS, 60 * _MEGABYTE, hint, error)


def count(places: Sequence[Place], typed: Mapping[str, str], csrf: str, errors: Mapping[str, str]) -> Form:
    """What was found in a place."""
    fields = (
        place("place_id", "Place", places, typed.get("place_id", "")),
        goods(typed.get("goods", "card")),
        serials(typed.get("serials", ""), errors.get("serials", ""), hint="Everything that lies there, one a line."),
    )
    return Form("/stock/counts", fields, csrf, "Compare with the ledger", "/stock/counts")


def adjust(count_id: int, missing: int, csrf: str) -> Form:
    """How the ledger is put right."""
    fields = [Field("why", "Why", "textarea", hint="Who counted, and what was looked into.", maxlength=500)]
    if missing:
        options = (
            Option("", "Leave them where the ledger has them"),
            Option("1", "Report them lost", hint="Their lines are suspended by a change."),
        )
        fields.append(Field("lose_missing", f"The {missing} missing", "radio", "", options=options))
    return Form(f"/stock/counts/{count_id}/adjust", tuple(fields), csrf, "Put the ledger right")


def need(operators: Sequence[Operator], csrf: str) -> Form:
    """A need by hand."""
    operator = (Option("", "any"), *(Option(one.code, one.name) for one in operators))
    fields = (
        goods(),
        Field("operator", "Operator of the cards", "select", options=operator, required=False),
        Field("generation", "Generation, at least", "select", options=_GENERATIONS, required=False),
        Field("variety", "Kind or model", required=False, maxlength=100),
        Field("number", "Number", "number"),
        Field("day", "Needed on", "date"),
    )
    return Form("/stock/forecast", fields, csrf, "Add this need")


def take_in(warehouses: Sequence[Place], csrf: str) -> Form:
    """Where the books begin."""
    fields = (place("warehouse_id", "What is fitted nowhere begins in", warehouses, first(warehouses)),)
    return Form("/stock/take-in", fields, csrf, "Take it into the ledger")
