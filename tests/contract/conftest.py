"""The official schemas as a fixture: every message that Tieline sends or takes is held against them."""

import os
import re
from collections.abc import Mapping
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

_BASE = "https://standards.invalid/"
_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)")

# Schemas whose alternatives overlap, so that messages which are right match two and fail a oneOf. The relaxed
# reading takes "one of" as "at least one of" there, and nowhere else. tests/contract/standards/test_traps.py
# shows each.
_OVERLAPPING = (
    ("TS28532_ProvMnS.yaml", "Resource"),
    ("TS28532_PerfMnS.yaml", "PerfMetricValue"),
    ("TS28623_SubscriptionControlNrm.yaml", "Scope"),
    ("TS28623_ComDefs.yaml", "AreaOfInterest"),
    ("TS28318_DsoNrm.yaml", "resources-DSORecovery"),
)


class _Loader(yaml.CSafeLoader):
    """YAML without timestamps: examples stay the strings that they are on the wire."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - the name and type are PyYAML's
        first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
        for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
    }


class OfficialSchemas:
    """A folder of OpenAPI 3.0 files, read on demand, as JSON Schema.

    A reference is ``<file>#/components/schemas/<name>``; ``errors`` gives what is wrong with a message.
    """

    def __init__(self, folder: Path, *others: Path) -> None:
        """Read from ``folder``, and from ``others`` what it has not; files load when first referred to."""
        self.folder = folder
        self._folders = (folder, *others)
        strict, relaxed = partial(self._retrieve, relaxed=False), partial(self._retrieve, relaxed=True)
        self._strict: Registry[Any] = Registry(retrieve=strict)  # type: ignore[call-arg] # attrs, unseen
        self._relaxed: Registry[Any] = Registry(retrieve=relaxed)  # type: ignore[call-arg] # attrs, unseen
        self._files: dict[str, Any] = {}
        self._formats = FormatChecker(formats=[])
        self._formats.checks("date-time", ValueError)(_is_date_time)

    def document(self, file: str) -> Any:
        """Give a whole file as loaded from YAML, ``nullable`` turned into a type."""
        if file not in self._files:
            place = next((one for one in self._folders if (one / file).is_file()), self.folder)
            text = (place / file).read_text(encoding="utf-8")
            self._files[file] = _nullable(yaml.load(text, _Loader))  # noqa: S506 - a safe loader
        return self._files[file]

    def errors(self, reference: str, message: object, *, relaxed: bool = True) -> list[str]:
        """Give what is wrong with ``message``, empty if nothing.

        ``relaxed`` reads the overlapping alternatives (see above) as the authors must have meant them.
        """
        validator = Draft202012Validator(
            {"$ref": _BASE + reference},
            registry=self._relaxed if relaxed else self._strict,
            format_checker=self._formats,
        )
        found = sorted(validator.iter_errors(message), key=lambda error: error.json_path)
        return [f"{error.json_path}: {error.message[:300]}" for error in found]

    def request(self, file: str, path: str, method: str, media_type: str = "application/json") -> str:
        """Give the reference of the body that an operation takes."""
        return _pointer(file, "paths", path, method, "requestBody", "content", media_type, "schema")

    def response(self, file: str, path: str, method: str, status: str, media_type: str = "application/json") -> str:
        """Give the reference of the body that an operation answers with."""
        return _pointer(file, "paths", path, method, "responses", status, "content", media_type, "schema")

    def _retrieve(self, uri: str, *, relaxed: bool) -> Resource[Any]:
        file = uri.removeprefix(_BASE)
        contents = self.document(file)
        for overlapping, name in _OVERLAPPING if relaxed else ():
            if file == overlapping:
                schemas = contents["components"]["schemas"]
                contents = _with_schema(contents, name, _any_of(schemas[name]))
        return DRAFT202012.create_resource(contents)


def _pointer(file: str, *parts: str) -> str:
    escaped = (part.replace("~", "~0").replace("/", "~1").replace("{", "%7B").replace("}", "%7D") for part in parts)
    return f"{file}#/" + "/".join(escaped)


def _with_schema(contents: Any, name: str, schema: Any) -> Any:
    components = contents["components"]
    return {**contents, "components": {**components, "schemas": {**components["schemas"], name: schema}}}


def _any_of(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {("anyOf" if key == "oneOf" else key): value for key, value in schema.items()}


def _nullable(node: Any) -> Any:
    """Write OpenAPI 3.0's ``nullable`` as JSON Schema does."""
    if isinstance(node, list):
        return [_nullable(item) for item in node]
    if not isinstance(node, dict):
        return node
    schema = {key: _nullable(value) for key, value in node.items()}
    if schema.get("nullable") is True and isinstance(schema.get("type"), str):
        schema["type"] = [schema["type"], "null"]
    return schema


def _is_date_time(value: object) -> bool:
    if not isinstance(value, str):
        return True
    return bool(_RFC_3339.fullmatch(value) and datetime.fromisoformat(value.upper()))


@pytest.fixture(scope="session")
def standards_folder() -> Path:
    """The folder of official schema files that TIELINE_STANDARDS names; skips without it."""
    named = os.environ.get("TIELINE_STANDARDS")
    if not named or not Path(named).is_dir():
        pytest.skip("the official schemas are not at hand: set TIELINE_STANDARDS to their folder")
    return Path(named)


@pytest.fixture(scope="session")
def official_schemas(standards_folder: Path) -> OfficialSchemas:
    """The 3GPP management schemas (``3gpp-mns``): ``errors(reference, message)`` says what is wrong."""
    folder = standards_folder / "3gpp-mns"
    if not folder.is_dir():
        pytest.skip("TIELINE_STANDARDS has no folder 3gpp-mns")
    return OfficialSchemas(folder)


@pytest.fixture(scope="session")
def northbound_schemas(standards_folder: Path) -> OfficialSchemas:
    """The 3GPP northbound schemas: Release 17, whose references all resolve, and what only a later release has."""
    folder = standards_folder / "3gpp-northbound-rel17"
    if not folder.is_dir():
        pytest.skip("TIELINE_STANDARDS has no folder 3gpp-northbound-rel17")
    return OfficialSchemas(folder, standards_folder / "3gpp-northbound-rel20-unresolved")
