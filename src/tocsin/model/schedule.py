"""The order in which the lines of a straight-line program are computed.

Any order in which a line follows those that it needs gives the same numbers, up to rounding where the compiler joins a product and a sum.  A processor works
on several lines at once, as far as they do not wait for each other, and keeps only some dozens of values at hand.  So the line with the longest way to the
end goes first (list scheduling), and where many values are at hand, the line that sets the most of them free.
"""

from __future__ import annotations

import re

CYCLES = {"+": 3, "-": 3, "*": 3, "inv": 13, "sqrt": 20, "exp": 60, "ln": 70}
"""How long a processor waits for a result, about; what is not named is 1."""
AT_ONCE = 3
AT_HAND = 24
"""Lines begun in a cycle, and values from which on some are set free: the fastest step of the model of cytokine release syndrome, of 1 to 6 and 12 to 40."""
NAME = re.compile(r"\bv\d+\b")
OPERATION = re.compile(r"(\w+)\(|\S+ ([-+*]) ")


def scheduled(text: str) -> str:
    """The lines of a program in an order that computes faster; ``v7 = ...`` may be used by any line below it in the text."""
    lines = text.splitlines()
    parts = [line.split(" = ") for line in lines]
    made_by = {target: i for i, (target, _) in enumerate(parts)}
    needs = [sorted({made_by[name] for name in NAME.findall(right)}) for _, right in parts]
    used_by: list[list[int]] = [[] for _ in lines]
    for i, needed in enumerate(needs):
        for j in needed:
            used_by[j].append(i)
    found = [OPERATION.match(right) for _, right in parts]
    cycles = [CYCLES.get(m[1] or m[2], 1) if m else 1 for m in found]
    way = [0] * len(lines)
    for i in reversed(range(len(lines))):
        way[i] = cycles[i] + max((way[j] for j in used_by[i]), default=0)

    uses, waits, known_at = [len(of) for of in used_by], [len(of) for of in needs], [0] * len(lines)
    ready = {i for i, number in enumerate(waits) if not number}
    order: list[int] = []
    cycle = at_hand = 0

    def kept(i: int) -> int:
        """By how many the values at hand grow with a line."""
        return (uses[i] > 0) - sum(uses[j] == 1 for j in needs[i])

    while ready:
        known = [i for i in sorted(ready) if known_at[i] <= cycle]
        for _ in range(min(AT_ONCE, len(known))):
            i = max(known, key=(lambda i: way[i]) if at_hand < AT_HAND else (lambda i: (-kept(i), way[i])))
            known.remove(i)
            ready.discard(i)
            order.append(i)
            at_hand += kept(i)
            for j in needs[i]:
                uses[j] -= 1
            for j in used_by[i]:
                waits[j] -= 1
                known_at[j] = max(known_at[j], cycle + cycles[i])
                if not waits[j]:
                    ready.add(j)
        cycle += 1
    return "\n".join(lines[i] for i in order)
