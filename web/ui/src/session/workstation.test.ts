import { expect, it } from "vitest";
import { workstationText } from "./workstation";

const X11 = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)";

it.each([
  [`192.0.2.7 ${X11} Chrome/141.0.0.0 Safari/537.36`, "192.0.2.7 · Chrome 141 · Linux"],
  [`192.0.2.7 ${X11} Chrome/141.0.0.0 Safari/537.36 Edg/141.0.0.0`, "192.0.2.7 · Edge 141 · Linux"],
  [
    "2001:db8::7 Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "2001:db8::7 · Firefox 140 · Windows",
  ],
  [
    "192.0.2.7 Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1",
    "192.0.2.7 · Safari 18 · iOS",
  ],
  [
    "192.0.2.7 Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Mobile Safari/537.36",
    "192.0.2.7 · Chrome 141 · Android",
  ],
])("says address, browser and system of %s", (written, shown) => {
  expect(workstationText(written)).toBe(shown);
});

it.each(["CSU 1", "192.0.2.7 guet", "", "192.0.2.7 Mozilla/5.0"])(
  "leaves a name or an unknown client as written: %s",
  (written) => expect(workstationText(written)).toBe(written),
);
