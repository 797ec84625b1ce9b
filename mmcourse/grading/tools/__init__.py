"""The questions of the assignment 11_tools, 100 points.

B sentences   N examples   Q new words   K words so far   D width   H heads   G heads of keys   U units of a state
I channels in   O channels out   C channels   T frames   S copies of one network
"""

from . import document, file, folding, fused, gates, layout, padding, reading

QUESTIONS = tuple(room.QUESTION for room in (layout, fused, gates, folding, document, padding, file, reading))
