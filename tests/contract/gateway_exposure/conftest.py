"""The gateway without sockets, as in its integration tests (tests are not a package: it is loaded by its path)."""

import importlib.util
from pathlib import Path

_PLACE = Path(__file__).parents[2] / "integration" / "gateway_exposure" / "conftest.py"
_spec = importlib.util.spec_from_file_location("gateway_exposure_rig", _PLACE)
assert _spec is not None
assert _spec.loader is not None
_rig = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_rig)

gateway_settings = _rig.gateway_settings
rig = _rig.rig
background = _rig.background
group_body = _rig.group_body
