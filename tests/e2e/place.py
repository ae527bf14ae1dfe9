"""Where the tests of pages are: one running product and one browser for all tests of a file (fixtures in `conftest.py`)."""

from dataclasses import dataclass

from playwright.async_api import Browser, StorageState

from tests.e2e.browsers import PROBE
from tests.e2e.people import Person
from tests.e2e.product import Product


@dataclass(frozen=True, slots=True)
class Place:
    """One running product and one Chromium for all tests of this file, and an agent who is signed in."""

    product: Product
    chromium: Browser
    agent_state: StorageState


async def at_desk(place: Place) -> Person:
    """An agent who looks at the desk."""
    context = await place.chromium.new_context(
        storage_state=place.agent_state, locale="en", viewport={"width": 1440, "height": 900}
    )
    await context.add_init_script(path=PROBE)
    person = Person(context, await context.new_page(), place.product)
    await person.page.goto(place.product.url + "/desk")
    await person.page.wait_for_selector("#desk:not([hidden])")
    return person
