"""Target files: weights by name, and one line for what is wrong with them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tdscaling.evolution.target import Target, load_target
from tdscaling.runtime.errors import ConfigError
from tdscaling.tests.evolution.play import clusters


def test_temper_goes_from_even_domains_to_natural_ones() -> None:
    """Two domains with one and three clusters."""
    four = [*clusters(1), *clusters(3, domains=3)[1:]]
    assert Target(temper=0.0).cluster_weights(four) == pytest.approx([1.0, 1.0, 1.0])
    same = clusters(6, domains=2)[:4] + clusters(6, domains=2)[4:5]
    assert Target(temper=1.0).cluster_weights(same) == pytest.approx([1.0] * 5)
    even = Target(temper=0.0).cluster_weights(same)
    assert even[0] + even[2] + even[4] == pytest.approx(even[1] + even[3])


def test_a_file_gives_factors(tmp_path: Path) -> None:
    """On top of the tempered weights."""
    file = tmp_path / "target.yaml"
    file.write_text("temper: 0\ndomains: {d0: 3}\nmodes: {chain: 0}\ngoals: {3: 0}\n")
    target = load_target(file)
    weights = target.cluster_weights(clusters(4))
    assert weights[0] == pytest.approx(3 * weights[1])
    assert "chain" not in target.mode_weights(clusters(4))
    assert set(target.goal_weights()) == {1, 2}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("domans: {}", "did you mean 'domains'"),
        ("languages: {de: 1}", "unknown name 'languages'"),
        ("domains: {d0: .nan}", "domains: d0: must be a number from 0 up"),
        ("domains: {d0: -1}", "must be a number from 0 up, not -1"),
        ("domains: {d0: yes}", "must be a number from 0 up, not True"),
        ("temper: 2", "temper must be between 0 and 1"),
        ("goals: {7: 1}", "goals: unknown name '7'"),
        ("[1, 2]", "is a mapping"),
        ("domains: 3", "must be a mapping of names to weights"),
        ("a: [", "broken YAML"),
    ],
)
def test_what_is_wrong_with_a_file_is_one_line(tmp_path: Path, text: str, message: str) -> None:
    """It names the file and the key."""
    file = tmp_path / "target.yaml"
    file.write_text(text)
    with pytest.raises(ConfigError, match=message) as caught:
        load_target(file)
    assert str(file) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_one_line(tmp_path: Path) -> None:
    """Not a traceback."""
    with pytest.raises(ConfigError, match="cannot be read"):
        load_target(tmp_path / "nowhere.yaml")


def test_names_that_no_cluster_has_are_refused() -> None:
    """Nearest name at hand."""
    with pytest.raises(ConfigError, match="domains: unknown name 'd9'"):
        Target(domains={"d9": 1.0}).cluster_weights(clusters(3))
    with pytest.raises(ConfigError, match="did you mean 'chain'"):
        Target(modes={"chian": 1.0}).mode_weights(clusters(3))


def test_weights_that_leave_nothing_are_refused() -> None:
    """All domains at zero; all modes at zero."""
    with pytest.raises(ConfigError, match="no cluster to draw from"):
        Target(sectors={"s0": 0.0, "s1": 0.0, "s2": 0.0}).cluster_weights(clusters(3))
    with pytest.raises(ConfigError, match="no mode is left"):
        Target(modes={"direct": 0.0}).mode_weights(clusters(3, modes=("direct",)))
