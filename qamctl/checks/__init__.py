"""What the checkers of all parts share: lists of faults, exact figures, and a result held against its problem.

Nothing here knows a part, a search or an encoder: a checker that stands on it still derives every figure itself.
"""
