"""What follows from the settings: how many media workers, and where each of them is."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from server.config import Settings, workers_for


@pytest.mark.parametrize(("cores", "workers"), [(1, 1), (2, 1), (3, 1), (4, 2), (6, 3), (8, 4), (64, 4)])
def test_workers_come_by_cores(cores: int, workers: int) -> None:
    assert workers_for(cores) == workers


def test_each_worker_has_a_port_and_a_control_address_of_its_own(tmp_path: Path) -> None:
    made = Settings(data=tmp_path, media_workers=3, media_port=7000)
    assert made.media_controls == [f"unix:{tmp_path / name}" for name in ("media.sock", "media-1.sock", "media-2.sock")]
    workers = [made.of_worker(number) for number in range(3)]
    assert [one.own_media_port for one in workers] == [7000, 7001, 7002]
    assert [one.media_control for one in workers] == made.media_controls
    assert made.model_copy(update={"media_port": 0}).of_worker(2).own_media_port == 0


def test_workers_elsewhere_are_counted_by_their_addresses() -> None:
    made = Settings(media_url="unix:/a/one, unix:/a/two", media_number=1)
    assert made.media_controls == ["unix:/a/one", "unix:/a/two"]
    assert made.media_control == "unix:/a/two"


@pytest.mark.parametrize(
    "wrong",
    [
        {"media_url": "unix:/a/one", "media_number": 1},
        {"media_workers": 2, "media_number": 2},
        {"media_workers": 4, "media_port": 65533},
        {"media_url": "unix:/a/one,http://10.0.0.2:7000"},
    ],
)
def test_settings_that_cannot_be_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Settings(**wrong)  # type: ignore[arg-type]
