"""Chains as a graph of networkx (the extra ``graph``)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa

from stsdetect.errors import UsageError
from stsdetect.schema import CHAINS

if TYPE_CHECKING:
    import networkx


def to_networkx(chains: pa.Table) -> networkx.MultiDiGraph[Any]:
    """Return a directed graph of the ports, vessels and waters of chains.

    Parameters
    ----------
    chains
        A `CHAINS` table, as `stsdetect.chains` gives it.

    Returns
    -------
    Nodes are ``(kind, id)`` with kind ``port``, ``vessel`` or ``waters``; listed vessels have the attribute ``listed``.
    Edges have the event's id as their key, and the attributes ``observed`` and ``chains``, the ids of the chains that
    go over them.

    Raises
    ------
    UsageError
        If networkx is not installed.
    """
    try:
        import networkx
    except ImportError:
        raise UsageError("a graph needs networkx: install stsdetect[graph]") from None
    graph: networkx.MultiDiGraph[Any] = networkx.MultiDiGraph()
    for row in CHAINS.conform(chains, extra=True).to_pylist():
        nodes = [("port", row["supply_port"]), *(("vessel", vessel) for vessel in row["vessels"])]
        if row["sink_kind"] == "listed":
            graph.add_node(nodes[-1], listed=row["sink"])
        else:
            nodes.append((row["sink_kind"], row["sink"]))
        steps = zip(nodes, nodes[1:], row["event_ids"], row["observed"], strict=False)
        for one, other, event, observed in steps:
            if not graph.has_edge(one, other, event):
                graph.add_edge(one, other, event, observed=observed, chains=[])
            graph.edges[one, other, event]["chains"].append(row["chain_id"])
    return graph
