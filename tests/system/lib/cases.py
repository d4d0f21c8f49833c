"""Which cases of a test run each time, and which in `make soak` alone."""
import pytest


def some(every, often):
    """Of all cases, for parametrize: who changes them says which few stand for the others."""
    every, often = list(every), list(often)
    assert all(case in every for case in often), often
    return [case if case in often else pytest.param(*(case if isinstance(case, tuple) else (case,)), marks=pytest.mark.long) for case in every]
