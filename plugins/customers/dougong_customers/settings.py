"""What the administrator can decide about customers."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

__all__ = ["CustomerSettings", "Severity"]

Severity = Literal["refuse", "warn", "allow"]
Needed = Literal[
    "short_name", "level", "status", "source", "industry", "organisation_type", "credit_code", "province", "city",
    "address", "phone", "email",
]  # fmt: skip


class CustomerSettings(BaseModel):
    """How strictly the rule for company names is taken, by the way a name comes in; what a customer needs to be approved."""

    name_rule_in_forms: Severity = "refuse"
    name_rule_in_api: Severity = "refuse"
    name_rule_in_imports: Severity = "warn"
    precheck_shows: int = Field(default=5, ge=0, le=5)
    needed_to_submit: list[Needed] = []
    filling: Literal["refuse", "allow"] = Field(default="refuse", title="Values such as “123” or “aaa” at submission")
    owners_approve: bool = Field(default=True, title="Owners may approve customers of their own")

    def name_rule_at(self, entry_point: str) -> Severity:
        """Code that acts on its own ("service") is held to what a form is held to."""
        return {"api": self.name_rule_in_api, "import": self.name_rule_in_imports}.get(
            entry_point, self.name_rule_in_forms
        )
