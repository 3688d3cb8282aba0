"""How well two who judge the same rows agree beyond chance: Cohen's kappa with its interval.

Source  Cohen 1960; the variance of Fleiss, Cohen and Everitt 1969. Half a row is added to each cell for the variance
        (Gart and Zweifel 1967): a few rows on which both agree are no certainty.
"""

from dataclasses import dataclass
from math import sqrt

Z = 1.959964  # of a 95 % interval


@dataclass(frozen=True)
class Agreement:
    """Rows by what both say of them: `both` that a row is fine, only the first, only the second, `neither`."""

    both: int = 0
    first: int = 0
    second: int = 0
    neither: int = 0

    @property
    def rows(self) -> int:
        """All rows."""
        return self.both + self.first + self.second + self.neither

    def kappa(self) -> float | None:
        """-1 to 1; 0 is chance. None where one of the two says the same of every row, so that nothing can be told."""
        one, other = self.both + self.first, self.both + self.second
        if one in (0, self.rows) or other in (0, self.rows):
            return None
        return _kappa([self.both, self.first, self.second, self.neither])

    def interval(self) -> tuple[float, float] | None:
        """The 95 % interval of kappa; None where there is no kappa."""
        kappa = self.kappa()
        if kappa is None:
            return None
        half = Z * sqrt(_variance([n + 0.5 for n in (self.both, self.first, self.second, self.neither)]))
        return max(-1.0, kappa - half), min(1.0, kappa + half)


def _kappa(cells: list[float]) -> float:
    a, b, c, d = (n / sum(cells) for n in cells)
    chance = (a + b) * (a + c) + (c + d) * (b + d)
    return (a + d - chance) / (1 - chance)


def _variance(cells: list[float]) -> float:
    """Of kappa, Fleiss, Cohen and Everitt's formula 13, for two categories."""
    total = sum(cells)
    p = [[cells[0] / total, cells[1] / total], [cells[2] / total, cells[3] / total]]
    rows, columns = [sum(p[0]), sum(p[1])], [p[0][0] + p[1][0], p[0][1] + p[1][1]]
    kappa = _kappa(cells)
    chance = rows[0] * columns[0] + rows[1] * columns[1]
    same = sum(p[i][i] * (1 - (rows[i] + columns[i]) * (1 - kappa)) ** 2 for i in (0, 1))
    other = (1 - kappa) ** 2 * sum(p[i][1 - i] * (columns[i] + rows[1 - i]) ** 2 for i in (0, 1))
    return max(0.0, same + other - (kappa - chance * (1 - kappa)) ** 2) / (total * (1 - chance) ** 2)
