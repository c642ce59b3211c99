"""The walk by keyboard finds what it is for: each planted fault is named, a good page is not."""

from __future__ import annotations

import pytest
from playwright.async_api import Page

from tests.browser.chromium import chromium
from tests.browser.keyboard import walk

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(120)]

GOOD = """<style>:focus { outline: 2px solid blue }</style><a href="#x">lien</a><button>un</button>
<label><input type="radio" name="r">a</label><label><input type="radio" name="r">b</label>
<details><summary>plus</summary><button>caché</button></details><button disabled>non</button>
<div inert><button>x</button></div>"""
BAD = {
    "the focus is not seen on <button id=\"bare\"": '<button id="bare" style="outline: none">x</button>',
    "the focus is out of sight on <button id=\"away\"":
        '<button id="away" style="position: fixed; left: -999px">x</button>',
    "the focus is covered on <button id=\"under\"":
        '<button id="under" style="position: fixed; bottom: 0; right: 0">x</button>'
        '<span style="position: fixed; bottom: 0; right: 0; width: 99px; height: 99px">x</span>',
    "the focus is caught in <button id=\"trap\"":
        '<button id="trap" onkeydown="event.preventDefault()">x</button><button>y</button>',
    "never reached by the keyboard: <button id=\"lost\"":
        '<button onfocus="document.getElementById(\'far\').focus()">x</button><button id="lost">y</button>'
        '<button id="far">z</button>',
}  # fmt: skip


async def seen(page: Page, html: str) -> list[str]:
    await page.set_content(f"<!doctype html><html><body>{html}</body></html>")
    return await walk(page)


async def test_what_is_planted_is_found_and_a_good_page_is_let_pass() -> None:
    async with chromium() as browser:
        page = await browser.new_page()
        assert await seen(page, GOOD) == []
        for words, html in BAD.items():
            found = await seen(page, GOOD + html)
            assert any(one.startswith(words) for one in found), (words, found)
