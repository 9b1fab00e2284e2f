"""The rail: which parts the console has, and what one must be allowed to see each."""

from tieline.console.components.frame import Place
from tieline.platform.scope import Permission

PLACES = (
    Place("overview", "Overview", "/", "layout-dashboard", Permission.INVENTORY_READ),
    Place("map", "Map", "/map", "map", Permission.INVENTORY_READ),
    Place("sites", "Sites", "/sites", "building-2", Permission.INVENTORY_READ, "Network"),
    Place("sims", "SIMs", "/subscriptions", "credit-card", Permission.INVENTORY_READ, "Network"),
    Place("cards", "Cards and stock", "/cards", "id-card", Permission.INVENTORY_READ, "Network"),
    Place("devices", "Devices", "/devices", "cpu", Permission.INVENTORY_READ, "Network"),
    Place("cells", "Cells and masts", "/cells", "radio-tower", Permission.INVENTORY_READ, "Network"),
    Place("groups", "5G LAN groups", "/groups", "layers", Permission.INVENTORY_READ, "Network"),
    Place("probes", "Probes", "/probes", "plug-zap", Permission.INVENTORY_READ, "Network"),
    Place("incidents", "Incidents", "/incidents", "bell-ring", Permission.INCIDENT_READ, "Work"),
    Place("changes", "Changes", "/changes", "git-pull-request-arrow", Permission.CHANGE_READ, "Work"),
    Place("notices", "Notices", "/notices", "calendar-clock", Permission.NOTICE_READ, "Work"),
    Place("usage", "Usage and cost", "/usage", "chart-column", Permission.USAGE_READ, "Work"),
    Place("programmes", "Programmes", "/programmes", "list-checks", Permission.PROGRAMME_READ, "Work"),
    Place("stock", "Stock and logistics", "/stock", "truck", Permission.INVENTORY_READ, "Work"),
    Place("fieldwork", "Field work", "/fieldwork", "truck", Permission.FIELD_READ, "Work"),
    Place("imports", "Imports", "/imports", "file-up", Permission.INVENTORY_WRITE, "Work"),
    Place("operators", "Operators", "/operators", "network", Permission.INVENTORY_READ, "Administration"),
    Place("audit", "Audit trail", "/audit", "scroll-text", Permission.AUDIT_READ, "Administration"),
    Place("users", "Users and tokens", "/users", "users", Permission.USER_WRITE, "Administration"),
)
