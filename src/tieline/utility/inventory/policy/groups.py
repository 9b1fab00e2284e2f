"""Rules of 5G LAN groups."""

from tieline.utility.inventory.model import LanGroupSpec


def differences(found: LanGroupSpec, wanted: LanGroupSpec) -> list[str]:
    """What a group has that another definition of it says otherwise, in words; nothing: they are the same group.

    Their titles do not count.
    """
    aaa = f"AAA server {found.aaa_address} for {' and '.join(sorted(found.aaa_usages)) or 'nothing'}"
    facts = (
        (found.dnn == wanted.dnn, f"DNN {found.dnn}"),
        (found.slice == wanted.slice, f"slice {found.slice}"),
        (found.session_type == wanted.session_type, f"{found.session_type} sessions"),
        (
            (found.aaa_address, set(found.aaa_usages)) == (wanted.aaa_address, set(wanted.aaa_usages)),
            aaa if found.aaa_address else "no AAA server",
        ),
    )
    return [word for same, word in facts if not same]
