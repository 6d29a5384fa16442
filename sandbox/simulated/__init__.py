"""Tools that a model plays, over explicit state: every reply and every change is proposed, checked, and recorded."""

from .proposal import Change, Proposal
from .tape import Recording, Tape
from .toolbox import SimulatedToolbox, SimulatedWorld

__all__ = ["Change", "Proposal", "Recording", "SimulatedToolbox", "SimulatedWorld", "Tape"]
