"""A store that has been kept for a while, for a console that is looked at: deliveries, crews, losses, a count."""

from datetime import date, timedelta
from typing import Any

import httpx

from tieline.standards.numbering import luhn_digit
from tools.served import ADMINISTRATOR, PASSWORD, Served

_TAC = "35824110"


def keep(served: Served) -> None:
    """Bring everything about over REST, as a storekeeper would."""
    with httpx.Client(base_url=f"{served.url}/api/v1", timeout=120) as http:
        session = http.post("/session", json={"name": ADMINISTRATOR, "password": PASSWORD}).raise_for_status()
        http.headers["X-CSRF-Token"] = session.json()["csrf_token"]
        main = _send(http, "GET", "/places?kind=warehouse")["items"][0]["id"]
        _send(http, "PUT", "/warehouses/NORTH", {"name": "Lager Nordwest, Betriebsmittelverwaltung"})
        _send(http, "POST", "/take-in", {"warehouse_id": main, "key": "opening"})
        crews = [
            _send(http, "PUT", f"/crews/{number}", {"name": name})["id"]
            for number, name in enumerate(("Crew Tyne 1", "Crew Tees 2", "Netzmeisterei Neustadt-Glewe"), 1)
        ]
        _routers(http, main, crews)
        _cards(http, main, crews)


def _send(http: httpx.Client, method: str, path: str, body: Any = None) -> Any:
    answer = http.request(method, f"/stock{path}", json=body)
    if answer.is_error:
        raise RuntimeError(f"{method} {path}: {answer.text}")
    return answer.json() if answer.content else None


def _routers(http: httpx.Client, main: int, crews: list[int]) -> None:
    day = date.today() + timedelta(days=20)  # noqa: DTZ011 - a day of delivery, wherever this runs
    order = {"goods": "router", "supplier": "Acme Fernwirktechnik GmbH", "variety": "Acme R5000", "generation": "5G"}
    made = _send(http, "POST", "/orders", {**order, "reference": "PO-2026-118", "number": 60, "expected_on": f"{day}"})
    lines = [f"R5-{number:05d},{_imei(number)},4G 5G,2" for number in range(1, 41)]
    note = "serial,imei,technologies,modem_count\n" + "\n".join([*lines, "R5-00001,12,4G,2", ",35,4G,2"])
    answer = http.post(
        f"/stock/orders/{made['id']}/deliveries",
        data={"warehouse_id": str(main), "note": "LS 4711"},
        files={"file": ("lieferschein-4711.csv", note.encode())},
    )
    answer.raise_for_status()
    for place, crew in enumerate(crews):
        names = [f"R5-{number:05d}" for number in range(1 + 6 * place, 7 + 6 * place)]
        body = {"goods": "router", "serials": names, "warehouse_id": main, "to_place": crew, "key": f"routers-{crew}"}
        _send(http, "POST", "/issues", {**body, "reference": f"work-order:{place + 1}"})
    late = {"reference": "PO-2026-090", "number": 500, "expected_on": f"{day - timedelta(days=30)}"}
    _send(http, "POST", "/orders", {**late, "goods": "card", "operator": "A", "variety": "plastic",
                                    "generation": "4G", "supplier": "Operator A"})  # fmt: skip
    needs = [
        {"day": f"{day + timedelta(days=7 * week)}", "goods": goods, "number": 400, "operator": operator}
        for week in range(3)
        for goods, operator in (("card", "A"), ("card", "B"), ("router", ""))
    ]
    _send(http, "PUT", "/needs/programme:1", {"demands": needs})


def _cards(http: httpx.Client, main: int, crews: list[int]) -> None:
    lying = _send(http, "GET", f"/items?goods=card&place={main}&limit=30")["items"]
    names = [one["serial"] for one in lying]
    body = {"goods": "card", "serials": names[:12], "warehouse_id": main, "to_place": crews[0], "key": "cards-1"}
    _send(http, "POST", "/issues", {**body, "reference": "work-order:1"})
    fitted = _send(http, "GET", "/items?goods=card&kind=site&limit=2")["items"]
    if fitted:
        why = "The cabinet was broken open in the night; the police have it under 44/1187."
        _send(http, "POST", "/losses", {"goods": "card", "serials": [fitted[0]["serial"]], "why": why, "stolen": True})
    if names:
        _send(http, "POST", "/losses", {"goods": "card", "serials": names[12:13], "why": "Not in the box."})
    found = [*names[:8], "8944110099999999999"]
    _send(http, "POST", "/counts", {"place_id": crews[0], "goods": "card", "serials": found})


def _imei(number: int) -> str:
    body = f"{_TAC}{number:06d}"
    return body + luhn_digit(body)
