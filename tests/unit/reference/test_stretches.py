"""An index of a few stretches of coast holds what was asked for, whoever else asks meanwhile."""

from __future__ import annotations

from threading import Thread

import numpy as np

from stsdetect.reference.shoreline import load_shoreline
from stsdetect.reference.stretches import Stretches

RIO, NAGASAKI = (-23.0, -43.2), (32.7, 129.8)


def test_two_threads_that_ask_at_once_both_get_what_they_asked_for():
    squares = load_shoreline()._squares
    others: list[Thread] = []

    def ask(place: tuple[float, float], of: Stretches[np.ndarray]) -> np.ndarray:
        return of.around(np.array([1000.0]), *(np.array([x]) for x in place))

    def make(which: np.ndarray) -> np.ndarray:
        if not others:
            others.append(Thread(target=ask, args=[NAGASAKI, stretches]))
            others[0].start()
            others[0].join(0.5)
        return which

    stretches = Stretches(squares, make)
    ask(RIO, stretches)
    others[0].join()
    for place in (RIO, NAGASAKI):
        wanted = ask(place, Stretches(squares, lambda which: which))
        assert wanted.any()
        assert ask(place, stretches)[wanted].all()
