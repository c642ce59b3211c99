"""A page walked through with the tabulation key alone (RGAA 10.7 and 12.8 to 12.9, WCAG 2.1.1, 2.1.2, 2.4.3, 2.4.7)."""

from __future__ import annotations

from typing import Any, Final

from playwright.async_api import Locator, Page

STOPS_LIMIT_COUNT: Final = 400
# Numbers what a pointer can use, in the order of the page; one of a group of radio buttons, as Tab stops at one.
MARK: Final = """() => {
  const seen = new Set();
  const usable = [...document.querySelectorAll('a[href], button, input, select, textarea, summary, [tabindex]')]
    .filter((one) => one.tabIndex >= 0 && !one.disabled && one.checkVisibility({ checkVisibilityCSS: true }))
    .filter((one) => !one.closest('[inert]') && one.closest('details:not([open])') === (one.matches('summary')
      ? one.closest('details:not([open])') : null))
    .filter((one) => {
      if (one.type !== 'radio') return true;
      const group = one.form?.id + '/' + one.name;
      if (seen.has(group)) return false;
      seen.add(group);
      return true;
    });
  usable.forEach((one, number) => { one.dataset.stop = one.type === 'radio' ? 'radio/' + one.name : String(number); });
  return usable.map((one) => [one.dataset.stop, one.outerHTML.slice(0, 120)]);
}"""
# What has the focus: its mark, and whether a sighted person sees that it has: drawn, on the screen, under nothing else.
FOCUS: Final = """() => {
  const one = document.activeElement;
  if (one === null || one === document.body) return null;
  const box = one.getBoundingClientRect();
  const drawn = [one, one.parentElement, one.nextElementSibling].filter((near) => near !== null).some((near) => {
    const style = getComputedStyle(near);
    return (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0) || style.boxShadow !== 'none';
  });
  const middle = [[box.left + box.right, innerWidth], [box.top + box.bottom, innerHeight]]
    .map(([sum, limit]) => Math.min(Math.max(sum / 2, 0), limit - 1));
  const top = document.elementFromPoint(...middle);
  const near = one.closest('label') ?? one;
  return {
    stop: one.type === 'radio' ? 'radio/' + one.name : one.dataset.stop ?? '',
    html: one.outerHTML.slice(0, 120),
    drawn,
    covered: top === null || near.contains(top) || top.contains(one) ? '' : top.outerHTML.slice(0, 60),
    inside: box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth,
  };
}"""

# Where Tab goes on from is not only what has the focus: a button that was clicked stays it.
FROM_THE_TOP: Final = """() => {
  document.body.tabIndex = -1;
  document.body.focus();
  document.body.removeAttribute('tabindex');
  window.scrollTo(0, 0);
}"""


async def walk(page: Page) -> list[str]:
    """What is wrong for someone who has only the keyboard: unreached, unseen, or a trap. The page is left unchanged."""
    await page.evaluate(FROM_THE_TOP)
    usable: dict[str, str] = dict(await page.evaluate(MARK))
    wrong: list[str] = []
    reached: list[str] = []
    for _ in range(STOPS_LIMIT_COUNT):
        await page.keyboard.press("Tab")
        focus: dict[str, Any] | None = await page.evaluate(FOCUS)
        if focus is None or (reached and focus["stop"] == reached[0]):
            break
        if not focus["drawn"]:
            wrong.append(f"the focus is not seen on {focus['html']}")
        if not focus["inside"]:
            wrong.append(f"the focus is out of sight on {focus['html']}")
        elif focus["covered"]:
            wrong.append(f"the focus is covered on {focus['html']} by {focus['covered']}")
        if reached and focus["stop"] == reached[-1] and not focus["stop"].startswith("radio/"):
            return [*wrong, f"the focus is caught in {focus['html']}"]
        reached.append(focus["stop"])
    else:
        wrong.append(f"no end after {STOPS_LIMIT_COUNT} stops")
    return wrong + [f"never reached by the keyboard: {html}" for stop, html in usable.items() if stop not in reached]


async def reach(page: Page, wanted: Locator) -> None:
    """Press Tab until ``wanted`` has the focus; AssertionError when it never gets it."""
    await wanted.wait_for()
    for _ in range(STOPS_LIMIT_COUNT):
        if await wanted.evaluate("(one) => one === document.activeElement"):
            return
        await page.keyboard.press("Tab")
    raise AssertionError(f"never reached by the keyboard: {wanted}")
