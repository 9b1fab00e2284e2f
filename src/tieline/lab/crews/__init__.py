"""Simulated crews: they take their orders, fit routers and cards, report, wait for tests, and make mistakes.

A crew speaks the public REST interface of field work, as a phone does, and puts what it fits into the operators'
simulated networks, where a real crew's hands would. Nothing of it is real.
"""

from tieline.lab.crews.crew import Crew, Figures, work
from tieline.lab.crews.deciding import Mistakes, Router
from tieline.lab.crews.hands import Hands

__all__ = ["Crew", "Figures", "Hands", "Mistakes", "Router", "work"]
