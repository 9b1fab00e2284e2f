"""The traps of the official schemas, each shown to be real, with what we send instead.

If a later edition of the schemas mends one, its test fails here, and the reading in
``docs/reference/standards.md`` and the relaxation in ``tests/contract/conftest.py`` can go.
"""

from typing import Any

import msgspec
import pytest

from tieline.standards.mns import plans
from tieline.standards.mns.dn import Dn
from tieline.standards.mns.errors import ErrorResponseGet
from tieline.standards.mns.resource import represent

SCHEMA = "#/components/schemas/"
OUTAGE = f"TS28318_DsoNrm.yaml{SCHEMA}OutageAndRecoveryInfo-Single"
RESOURCE = f"TS28532_ProvMnS.yaml{SCHEMA}Resource"
ROOT = Dn.parse("SubNetwork=U")


@pytest.fixture
def schemas(official_schemas: Any) -> Any:
    return official_schemas


def test_outage_info_is_flat_and_its_nested_form_goes_unchecked(schemas: Any) -> None:
    wrong = "not an integer"
    nested = {"id": "o1", "attributes": {"dsoRapidInterventionDuration": wrong}}
    assert not schemas.errors(OUTAGE, nested, relaxed=False), "the trap: a wrong value passes"
    flat = represent(ROOT.child("OutageAndRecoveryInfo", "o1"), {"dsoRapidInterventionDuration": wrong})
    assert schemas.errors(OUTAGE, flat, relaxed=False), "written flat it is checked"


def test_the_general_resource_matches_two_alternatives(schemas: Any) -> None:
    nested = represent(ROOT.child("UtilitySubscription", "7"), {"apn": "x"})
    assert schemas.errors(RESOURCE, nested, relaxed=False)
    assert not schemas.errors(RESOURCE, nested)
    assert not schemas.errors(f"{RESOURCE}/oneOf/0", nested, relaxed=False), "it is the first alternative"


@pytest.mark.parametrize("value", [5, 5.5])
def test_whole_numbers_fail_where_integer_or_number_is_asked(schemas: Any, value: float) -> None:
    reference = f"TS28532_PerfMnS.yaml{SCHEMA}PerfMetricValue"
    assert bool(schemas.errors(reference, value, relaxed=False)) is isinstance(value, int)
    assert not schemas.errors(reference, value)


def test_a_subscription_with_a_scope_matches_two_alternatives(schemas: Any) -> None:
    reference = f"TS28623_SubscriptionControlNrm.yaml{SCHEMA}NtfSubscriptionControl-Single"
    body = {"id": "n", "attributes": {"scope": {"scopeType": "BASE_ALL"}}}
    assert schemas.errors(reference, body, relaxed=False)
    assert not schemas.errors(reference, body)


def test_a_list_of_tracking_areas_matches_two_alternatives(schemas: Any) -> None:
    reference = f"TS28623_ComDefs.yaml{SCHEMA}AreaOfInterest"
    tais = [{"mcc": "001", "mnc": "01", "tac": "000001"}]
    assert schemas.errors(reference, tais, relaxed=False)
    assert not schemas.errors(reference, tais)


def test_no_subnetwork_can_be_valid(schemas: Any) -> None:
    reference = f"TS28623_GenericNrm.yaml{SCHEMA}SubNetwork-Single"
    assert schemas.errors(reference, represent(ROOT, {}))
    assert not schemas.errors(f"{RESOURCE}/oneOf/0", represent(ROOT, {}), relaxed=False)


def test_read_only_is_not_enforced(schemas: Any) -> None:
    body = {"id": "o1", "mnoInterventionDuration": 5}
    assert not schemas.errors(OUTAGE, body, relaxed=False), "so the writer is checked in code"


def test_the_status_of_an_error_is_a_string(schemas: Any) -> None:
    reference = f"TS28623_ComDefs.yaml{SCHEMA}ErrorResponseGet"
    assert schemas.errors(reference, {"type": "OTHER", "status": 404})
    ours = msgspec.to_builtins(ErrorResponseGet(type="OTHER", status="404"))
    assert not schemas.errors(reference, ours)


def test_a_result_with_both_ids_is_invalid(schemas: Any) -> None:
    reference = f"TS28572_PlanManagement.yaml{SCHEMA}Result"
    both = {"target": "/A=1", "state": "FAILED", "changeId": "a", "changeIndex": 0}
    assert schemas.errors(reference, both)


def test_the_published_examples_use_errors_that_the_schema_does_not_know(schemas: Any) -> None:
    document = schemas.document("TS28572_PlanManagement.yaml")
    example = document["components"]["schemas"]["Result"]["example"]
    assert schemas.errors(f"TS28572_PlanManagement.yaml{SCHEMA}Result", example)


def test_changes_are_yang_unless_said_otherwise(schemas: Any) -> None:
    document = schemas.document("TS28572_PlanManagement.yaml")
    default = document["components"]["schemas"]["ConfigChangesContentType"]["default"]
    assert default == plans.PlanDescriptorRequest(config_changes=[]).config_changes_content_type == "YANG_BASED"


def test_links_are_templates_unless_said_otherwise(schemas: Any) -> None:
    document = schemas.document("TS28572_PlanManagement.yaml")
    assert document["components"]["schemas"]["LinkObject"]["properties"]["templated"]["default"] is True
    written = msgspec.to_builtins(plans.self_link("plan-descriptors", "p"))
    assert written["self"]["templated"] is False
