"""A layered mapping is the dict that the same changes make."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pgmend.listener.catalog.layers import Layers

KEYS = st.integers(0, 300)
CHANGES = st.lists(
    st.tuples(st.sets(KEYS, max_size=20), st.dictionaries(KEYS, st.integers(), max_size=60)), max_size=12
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(KEYS, st.integers()), CHANGES)
def test_layers_are_the_dict_that_the_same_changes_make(
    start: dict[int, int], changes: list[tuple[set[int], dict[int, int]]]
) -> None:
    layers, expected = Layers(start), dict(start)
    for gone, come in changes:
        before = layers, dict(layers)
        layers = layers.changed(gone, come)
        expected = {key: value for key, value in expected.items() if key not in gone} | come
        assert dict(before[0]) == before[1], "the old mapping stays as it was"
        assert layers == expected
        assert (len(layers), sorted(layers)) == (len(expected), sorted(expected))
        assert all((key in layers) == (key in expected) for key in range(-1, 302))
        assert [layers.get(key, "no") for key in range(300)] == [expected.get(key, "no") for key in range(300)]


def test_none_is_a_value_like_any_other() -> None:
    layers = Layers[int, None]({1: None}).changed((), {2: None})
    assert dict(layers) == {1: None, 2: None}
    assert 2 in layers
    assert 2 not in layers.changed([2], {})


def test_many_small_changes_do_not_pile_up() -> None:
    layers = Layers({number: number for number in range(1000)})
    for number in range(1000):
        layers = layers.changed([number], {number + 1000: number})
        assert len(layers._upper) <= 64
    assert len(layers) == 1000
