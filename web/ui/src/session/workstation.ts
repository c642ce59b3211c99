/** Browsers by what they say of themselves, those that also name another one first. */
const BROWSERS: readonly (readonly [name: string, version: RegExp])[] = [
  ["Edge", /\bEdg(?:e|A|iOS)?\/(\d+)/],
  ["Opera", /\bOPR\/(\d+)/],
  ["Firefox", /\b(?:Firefox|FxiOS)\/(\d+)/],
  ["Chrome", /\b(?:Chrome|HeadlessChrome|CriOS)\/(\d+)/],
  ["Safari", /\bVersion\/(\d+)\S* (?:Mobile\/\S+ )?Safari\//],
];

const SYSTEMS: readonly (readonly [name: string, sign: RegExp])[] = [
  ["Android", /\bAndroid\b/],
  ["iPadOS", /\biPad\b/],
  ["iOS", /\biPhone\b/],
  ["Windows", /\bWindows\b/],
  ["macOS", /\bMac OS X\b/],
  ["ChromeOS", /\bCrOS\b/],
  ["Linux", /\bLinux\b/],
];

/**
 * A workstation as people read it: its name, or its address with browser and system, "192.0.2.7 · Firefox 140 · Linux".
 * What is neither stays as it was written down.
 */
export function workstationText(written: string): string {
  const { address, agent } = /^(?<address>\S+) (?<agent>Mozilla\/.*)$/.exec(written)?.groups ?? {};
  if (!address || !agent) return written;
  const browser = BROWSERS.find(([, version]) => version.test(agent));
  const system = SYSTEMS.find(([, sign]) => sign.test(agent));
  if (!browser && !system) return written;
  const named = browser && `${browser[0]} ${browser[1].exec(agent)?.[1]}`;
  return [address, named, system?.[0]].filter(Boolean).join(" · ");
}
