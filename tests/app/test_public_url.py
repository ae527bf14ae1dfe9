"""The address in links is one that a customer can open."""

import pytest

from server.config import Settings
from server.lan import own_address


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_links_of_a_house_that_listens_everywhere_name_this_machine(host: str) -> None:
    assert Settings(host=host, port=8080, url="").public_url == f"http://{own_address() or '127.0.0.1'}:8080"


def test_the_address_that_was_set_wins() -> None:
    assert Settings(host="0.0.0.0", url="https://help.example.org/").public_url == "https://help.example.org"
