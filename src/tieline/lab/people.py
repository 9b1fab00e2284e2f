"""The people of the demonstration: made by the first administrator, through REST like any others."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx
import msgspec

from tieline.platform.errors import Unavailable

CONFLICT = 409


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody of the utility, with the password the demonstration gave them."""

    name: str
    display_name: str
    roles: tuple[str, ...]
    password: str


STAFF: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("fred", "Fred, network technician", ("technician",)),
    ("grace", "Grace, approves changes", ("approver",)),
    ("vera", "Vera, looks on", ("viewer",)),
    ("carol", "Carol, control room", ("controller",)),
    ("sam", "Sam, keeps the store", ("storekeeper",)),
    ("kit", "Kit, leads a crew", ("crew",)),
)
"""Name, display name and roles; Fred is the technician of the use case."""


class SignedIn:
    """One person's session at the REST API."""

    def __init__(self, url: str, name: str, password: str) -> None:
        self._http = httpx.Client(base_url=url.rstrip("/") + "/api/v1", timeout=60)
        view = self._send("POST", "/session", {"name": name, "password": password})
        self._http.headers["X-CSRF-Token"] = view["csrf_token"]

    def close(self) -> None:
        """Sign out."""
        self._http.delete("/session")
        self._http.close()

    def token(self, purpose: str, days: int = 30) -> str:
        """Make an API token with all that the person may do."""
        return str(self._send("POST", "/tokens", {"name": purpose, "days": days})["secret"])

    def add(self, people: Sequence[Person]) -> None:
        """Make accounts; those that exist are left as they are."""
        for person in people:
            body = {
                "name": person.name,
                "display_name": person.display_name,
                "password": person.password,
                "roles": list(person.roles),
            }
            self._send("POST", "/users", body, but=(CONFLICT,))

    def _send(self, method: str, path: str, body: Mapping[str, Any], but: Sequence[int] = ()) -> Any:
        answer = self._http.request(method, path, json=body)
        if answer.is_success or answer.status_code in but:
            return msgspec.json.decode(answer.content)
        raise Unavailable(f"{method} {path} was answered {answer.status_code}: {answer.text[:400]}")


@dataclass(frozen=True, slots=True)
class Hired:
    """A member of a crew who can report: the account's name, and a token for the phone."""

    name: str
    token: str


def hire(url: str, administrator: "SignedIn", names: Sequence[str], password: str) -> list[Hired]:
    """Make accounts of crew members, and a token for each."""
    administrator.add([Person(name, f"Crew member {name}", ("crew",), password) for name in names])
    found = []
    for name in names:
        session = SignedIn(url, name, password)
        found.append(Hired(name, session.token("phone")))
        session.close()
    return found
