"""Reference of repaired choices: where options take more of a stock than there is, other tasks take less.

What one task takes more of, others must do without (cf. the repair of modes of S. Hartmann, "Project scheduling with
multiple modes: a genetic algorithm", Annals of OR 102, 2001).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from qamctl.kernels.schedule.generation import Decoder, Needs, Schedule

REPAIRS = 30  # tasks that are asked to take less


def repair(d: Decoder, s: Schedule, flexible: Sequence[int], below: Callable[[int], int]) -> None:
    """Random tasks take what spares most, one after the other, until the choices leave enough of every stock."""
    stock = d.p.stock.tolist()
    if not stock:
        return
    use = [0] * len(stock)

    def count(needs: Needs, sign: int) -> None:
        for cell, amount in needs:
            use[cell] += sign * amount

    def overdrawn() -> float:
        total = 0.0
        for used, there, weight in zip(use, stock, d.stock_weight, strict=True):
            if used > there:
                total += float(used - there) * weight
        return total

    for t in range(d.n):
        count(d.surely(s, t), 1)
    over = overdrawn()
    for _ in range(REPAIRS):
        if over <= 0:
            return
        t = flexible[below(len(flexible))]
        count(d.surely(s, t), -1)
        for o in range(d.first[t], d.first[t + 1]):
            needs = d.stock_use[d.need[o]]
            count(needs, 1)
            left = overdrawn()
            count(needs, -1)
            if left < over:
                over, s.choice[t] = left, o
        count(d.surely(s, t), 1)
