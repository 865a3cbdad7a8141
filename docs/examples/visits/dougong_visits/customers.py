"""What visits add to a customer's page."""

from dougong.api import Tab

from . import records
from .tables import Visit

visits = Tab(records.visit, via=Visit.customer, columns=[Visit.purpose, Visit.planned_for, Visit.state, Visit.owner])
