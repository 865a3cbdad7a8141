"""What the standard roles may do with customers, to begin with."""

from __future__ import annotations

from dougong.api import Preset

from . import records
from .tables import Customer

__all__ = ["PRESETS"]

OWN = ("own", "shared")
OWNED = ("own",)
HERE = ("own", "shared", "below")

PRESETS = [
    Preset(
        "sales",
        records.customer,
        {"read": OWN, "create": OWN, "edit": OWN, "delete": OWNED, "deactivate": OWNED, "export": OWNED, "import": OWN},
    ),
    Preset(
        "manager",
        records.customer,
        dict.fromkeys(("read", "create", "edit", "delete", "deactivate", "export", "import", "approve"), HERE),
    ),
    Preset("service", records.customer, {"read": ("department",)}, hidden=[Customer.credit_limit]),
    Preset(
        "marketing",
        records.customer,
        {"read": ("all",), "create": OWN, "edit": OWN, "export": ("all",), "import": OWN},
        hidden=[Customer.credit_limit],
    ),
    *(
        Preset(role, records.co_owner_request, {"read": ("own",), "create": ("own",), "delete": ("own",)})
        for role in ("sales", "manager", "service", "marketing")
    ),
]
