"""What the audit says of a filter that would strike: of filters that there are, and as grave as it is."""

import pytest

from factory import plugins
from factory.views import alarms


def test_alarms_are_of_filters_that_there_are() -> None:
    assert set(alarms.ALARMS) <= set(plugins.declared("filters"))


@pytest.mark.parametrize(
    ("plugin", "count", "grave"),
    [
        ("contamination", 1, "error"),
        ("format", 9, "info"),
        ("format", 10, "warning"),
        ("degenerate", 49, "info"),
        ("degenerate", 50, "warning"),
        ("gopher", 1000, "info"),
        ("of_a_stranger", 10, "warning"),
    ],
)
def test_how_grave_it_is_depends_on_the_filter_and_on_how_many(plugin: str, count: int, grave: str) -> None:
    assert alarms.of(plugin, plugin, "reject").gravity(count, 1000) == grave


def test_of_an_unknown_filter_its_name_is_said() -> None:
    assert alarms.of("of_a_stranger", "strange", "edit").title == "The filter strange would edit rows"
