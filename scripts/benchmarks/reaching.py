"""Rows about whether a call comes about at all: no UDP (N9), small packets only (N10)."""

import asyncio
import time

from quality import look
from verdict import Row

from tests.e2e.people import agent_at_desk, takes_first_case, waiting_customer
from tests.idle import IDLE_MIN, Idle
from tests.lines.condition import Condition
from tests.lines.stand import AGENT, CUSTOMER, Stand, Talk, running_server
from tests.lines.watched import start_watching

SECONDS = 20.0
TCP_ONLY = Condition(udp=False, delay_ms=20)
SMALL = Condition(mtu=1280, delay_ms=20)
NORMAL_MTU, SMALL_MTU = 1400, 1280
PAYLOAD_MAX = 1200
OVERHEAD = {"ip_udp": 28, "srtp_tag": 16}


async def without_udp(stand: Stand, short: float) -> Row:
    """The customer's network carries TCP only, from the first page on."""
    row = Row("N9", "no UDP on the customer's line: connected over TCP on the media port")
    await stand.lines.set(CUSTOMER, TCP_ONLY, TCP_ONLY)
    await _calls(row, stand, SECONDS * max(short, 0.5))
    return row


async def small_packets(stand: Stand, short: float) -> Row:
    """What is larger than 1,280 bytes vanishes without a word; only the customer's own interface knows."""
    row = Row("N10", "packets of 1,280 bytes at most, and nobody says so")
    await asyncio.to_thread(stand.lines[CUSTOMER].set_mtu, SMALL_MTU)
    await stand.lines.set(CUSTOMER, SMALL, SMALL)
    await stand.lines.tell()
    try:
        await _calls(row, stand, SECONDS * max(short, 0.5))
    finally:
        await asyncio.to_thread(stand.lines[CUSTOMER].set_mtu, NORMAL_MTU)
    told = await stand.lines.tell()
    largest = max(told[f"{CUSTOMER}/{way}"]["counts"]["udp_bytes_max"] for way in ("up", "down"))
    row.at_most("rtp_packet_bytes_max", largest - sum(OVERHEAD.values()), PAYLOAD_MAX)
    row.figures["udp_packet_bytes_max"] = largest
    return row


async def _calls(row: Row, stand: Stand, seconds: float) -> None:
    async with running_server(stand) as product:
        idle = Idle()
        customer = await waiting_customer(stand.browsers[CUSTOMER], product)
        marks = await customer.page.evaluate("oaseProbe.marks")
        agent = await agent_at_desk(stand.browsers[AGENT], product)
        try:
            await takes_first_case(agent)
            await asyncio.gather(customer.until_seeing(1), agent.until_seeing(1))
            for person in (customer, agent):
                await start_watching(person.page)
            await asyncio.sleep(3)
            began = time.time()
            await asyncio.sleep(seconds)
            seen = await look(Talk(product, customer, agent), began, time.time())
        finally:
            for person in (customer, agent):
                await person.context.close()
        row.at_most("connected_after_s", (marks["connected"] - marks["offer_out"]) / 1000, 5.0)
        for who, one in seen.items():
            row.at_least(f"{who}_fps", one.fps, 20)
            row.at_most(f"{who}_longest_gap_s", one.longest_gap_s, 1.0)
        row.figures |= {"idle": round(idle.share(), 2), **{who: one.figures() for who, one in seen.items()}}
        if idle.share() < IDLE_MIN:
            row.why_not.append(f"only {idle.share():.0%} of the processor was idle")
