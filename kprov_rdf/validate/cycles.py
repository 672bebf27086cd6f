"""Cycles in a large directed graph: strong components, and the shortest way back in one.

Edges are numbers, of which ``before`` and ``after`` have the nodes. All is iterative and takes
time and memory linear in nodes and edges.
"""

from array import array
from collections.abc import Sequence
from itertools import accumulate


class Digraph:
    """A graph of ``nodes`` nodes, which are numbered from 0.

    ``visited`` is how many nodes were looked at for shortest ways until now.
    """

    def __init__(self, nodes: int, before: Sequence[int], after: Sequence[int]) -> None:
        self.visited = 0
        self._nodes = nodes
        self._after = after
        counts = [0] * (nodes + 1)
        for node in before:
            counts[node + 1] += 1
        self._first = list(accumulate(counts))
        # The edges in the order of the node that they begin at.
        self._edges = array("i", bytes(4 * len(before)))
        free = list(self._first)
        for edge, node in enumerate(before):
            self._edges[free[node]] = edge
            free[node] += 1

    def _outgoing(self, node: int) -> Sequence[int]:
        return self._edges[self._first[node] : self._first[node + 1]]

    def _on_cycles(self) -> bytearray:
        """1 for each node that is on a cycle or behind one: the others are taken away in turn."""
        incoming = [0] * self._nodes
        for node in self._after:
            incoming[node] += 1
        left = bytearray(b"\1") * self._nodes
        todo = [node for node, count in enumerate(incoming) if not count]
        while todo:
            node = todo.pop()
            left[node] = 0
            for edge in self._outgoing(node):
                target = self._after[edge]
                incoming[target] -= 1
                if not incoming[target]:
                    todo.append(target)
        return left

    def components(self) -> dict[int, int]:
        """The strong component of each node that may be on a cycle, by number (Tarjan, 1972)."""
        left = self._on_cycles()
        found: dict[int, int] = {}
        index: dict[int, int] = {}
        low: dict[int, int] = {}
        stack: list[int] = []
        count = 0
        for root in range(self._nodes):
            if not left[root] or root in index:
                continue
            index[root] = low[root] = len(index)
            stack.append(root)
            path = [(root, iter(self._outgoing(root)))]
            while path:
                node, edges = path[-1]
                for edge in edges:
                    target = self._after[edge]
                    if target not in index:
                        index[target] = low[target] = len(index)
                        stack.append(target)
                        path.append((target, iter(self._outgoing(target))))
                        break
                    if target not in found:
                        low[node] = min(low[node], index[target])
                else:
                    path.pop()
                    if path:
                        above = path[-1][0]
                        low[above] = min(low[above], low[node])
                    if low[node] == index[node]:
                        member = -1
                        while member != node:
                            member = stack.pop()
                            found[member] = count
                        count += 1
        return found

    def shortest(self, start: int, goal: int, within: dict[int, int]) -> list[int]:
        """The edges of a shortest way from one node to another of its component."""
        if start == goal:
            return []
        component = within[start]
        came: dict[int, tuple[int, int]] = {start: (-1, -1)}
        layer = [start]
        while goal not in came:
            following = []
            for node in layer:
                for edge in self._outgoing(node):
                    target = self._after[edge]
                    if target not in came and within.get(target) == component:
                        came[target] = (edge, node)
                        following.append(target)
            layer = following
        self.visited += len(came)
        edges = []
        node = goal
        while node != start:
            edge, node = came[node]
            edges.append(edge)
        return edges[::-1]
