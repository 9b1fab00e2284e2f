"""5G LAN groups (TS 29.522 ``5GLANParameterProvision``): taken whole at once, spread over their members in pieces."""
