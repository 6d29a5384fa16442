"""The entity store: tools that have a schema but no implementation, played by a verb table on seeded entries."""

from .listing import ToolList, load_tools, parse_tools
from .plan import PlannedCall, PlanRun, execute_on, execute_plan
from .plays import Play, Pointer, Unplayable
from .toolbox import EntityToolbox, explain
from .verbs import Hints

__all__ = [
    "EntityToolbox",
    "Hints",
    "PlanRun",
    "PlannedCall",
    "Play",
    "Pointer",
    "ToolList",
    "Unplayable",
    "execute_on",
    "execute_plan",
    "explain",
    "load_tools",
    "parse_tools",
]
