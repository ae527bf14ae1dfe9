"""Who speaks and whose line is weak, as people in a call see it: three Chromium windows with a voice at the microphone."""

import wave
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from server.media.scene import RATE, voice
from tests.e2e.browsers import CALM, PROBE, chromium_path, running_chromium
from tests.e2e.looking import look
from tests.e2e.people import Person, agent_at_desk, invites, takes_first_case, waits
from tests.e2e.product import Product, running_product

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(chromium_path() is None, reason="Chromium is not installed here"),
]

HEADPHONES = """
const native = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
navigator.mediaDevices.getUserMedia = (wish) => {
  if (wish?.audio) wish = { ...wish, audio: { ...(wish.audio === true ? {} : wish.audio), echoCancellation: false } };
  return native(wish);
};
"""
"""All microphones hear the same voice here: what a page plays of another would rightly be taken out of its own microphone as an echo."""
FREEZING = """
const native = RTCPeerConnection.prototype.getStats;
RTCPeerConnection.prototype.getStats = async function () {
  const stats = new Map(await native.call(this));
  for (const one of stats.values()) if (one.type === 'inbound-rtp' && one.kind === 'video') one.totalFreezesDuration = performance.now() / 3000;
  return stats;
};
"""
"""A browser whose pictures stand still a third of the time, as it says."""


@pytest_asyncio.fixture
async def speaking(tmp_path: Path) -> AsyncIterator[tuple[Product, Browser]]:
    """A product, and a browser whose microphones hear a voice."""
    sound = tmp_path / "voice.wav"
    with wave.open(str(sound), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(voice().tobytes())
    async with (
        running_product(tmp_path / "oase") as product,
        running_chromium(CALM, f"--use-file-for-fake-audio-capture={sound}") as chromium,
    ):
        yield product, chromium


async def with_headphones(chromium: Browser, product: Product) -> Person:
    context = await chromium.new_context(locale="en", viewport={"width": 390, "height": 844})
    await context.add_init_script(path=PROBE)
    await context.add_init_script(script=f"(() => {{ {HEADPHONES} }})()")
    return Person(context, await context.new_page(), product)


async def guest_comes(chromium: Browser, product: Product, link: str) -> Person:
    guest = await with_headphones(chromium, product)
    await guest.page.goto(link)
    await guest.page.click("#enter-all")
    await guest.until_seeing(1)
    return guest


def tile(name: str, classes: str) -> str:
    """Is there a tile of this person with these classes?"""
    return f"[...document.querySelectorAll('.tile{classes}')].some((one) => one.querySelector('.tile-name').textContent === '{name}')"


async def test_speaker_is_ringed_named_and_large_and_a_weak_line_is_explained(
    speaking: tuple[Product, Browser],
) -> None:
    product, chromium = speaking
    customer = await waits(await with_headphones(chromium, product))
    agent = await agent_at_desk(chromium, product)
    await agent.page.goto(product.url + "/desk?lang=de")
    await takes_first_case(agent)
    await agent.page.click("#mic")
    await agent.until(tile("Bo Becker", ".tile-speaks.tile-main"))
    assert await agent.page.locator(".tile-main.tile-speaks .tile-voice").inner_text() == "spricht"
    await customer.until("document.querySelector('#self.tile-speaks')")  # Your microphone is heard.
    guest = await guest_comes(chromium, product, await invites(agent))
    await agent.until(tile("Third Person", ".tile-speaks:not(.tile-main)"))  # Two at once do not flicker.
    await customer.page.click("#mic")
    await agent.until(tile("Third Person", ".tile-speaks.tile-main"))
    await agent.until(tile("Bo Becker", ":not(.tile-speaks)"))
    await agent.page.click(".tile:not(.tile-main) .tile-pin")
    await agent.until(tile("Bo Becker", ".tile-main"))
    await agent.page.click("#follow")
    await agent.until(tile("Third Person", ".tile-main"))
    await agent.until("!document.querySelector('#work-lines').hidden")
    await agent.page.click("#work-lines summary")
    await agent.until("document.querySelectorAll('#lines > li').length === 3")
    await guest.page.evaluate(f"() => {{ {FREEZING} }}")
    words = "Bei Third Person steht das Bild zeitweise"
    await agent.until(
        f"document.querySelector('.tile-main .tile-line:not([hidden])')?.innerText.includes('{words}')", 40
    )
    assert words in await agent.page.inner_text("#lines")
    assert await look(agent.page, "voices-agent", small_targets=True) == []
    assert await look(guest.page, "voices-guest") == []
    await agent.page.click("#end")
    await agent.page.click("#end-form button[type=submit]")
    await agent.page.wait_for_url("**/desk")
    closed = "fetch('/api/v1/desk?state=closed').then((answer) => answer.json()).then(({ cases }) => cases[0]?.id)"
    await agent.page.goto(f"{product.url}/desk?case={await agent.until(closed)}")
    await agent.page.click("#detail-timeline .line-quality summary")
    kept = await agent.page.inner_text("#detail-timeline .line-quality")
    assert kept.startswith("Gesprächsqualität: ")
    assert "Bo Becker" in kept
    assert "Hin und zurück" in kept
    assert kept.count("am schlechtesten") == kept.count("Hin und zurück") == 3  # Each table has its heads.
    assert await look(agent.page, "voices-after", small_targets=True) == []
    assert [*customer.errors, *agent.errors, *guest.errors] == []
