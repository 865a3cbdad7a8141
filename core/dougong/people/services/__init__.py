"""What is done with people: departments, staff, and the accounts they sign in with."""

from dougong.people.services.departments import (
    add_department,
    deactivate_department,
    merge_department,
    move_department,
    reactivate_department,
    rename_department,
)
from dougong.people.services.operators import (
    Account,
    account_named,
    account_of,
    accounts_of,
    add_account,
    make_operator,
    remove_operator,
    reset_password,
    set_preferences,
)
from dougong.people.services.staff import add_staff, deactivate_staff, move_staff, reactivate_staff

__all__ = [
    "Account",
    "account_named",
    "account_of",
    "accounts_of",
    "add_account",
    "add_department",
    "add_staff",
    "deactivate_department",
    "deactivate_staff",
    "make_operator",
    "merge_department",
    "move_department",
    "move_staff",
    "reactivate_department",
    "reactivate_staff",
    "remove_operator",
    "rename_department",
    "reset_password",
    "set_preferences",
]
