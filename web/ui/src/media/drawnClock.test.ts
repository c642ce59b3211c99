// @vitest-environment node
import { describe, expect, it } from "vitest";
import { endBefore, nextInstant } from "./drawnClock";
import type { Span } from "./keyWindows";

const SECOND = 1_000_000;

describe("the clock of what is drawn", () => {
  it("goes on with time, both ways and at every speed", () => {
    expect(nextInstant(10 * SECOND, 1, 1_000, 1_016)).toBe(10_016_000);
    expect(nextInstant(10 * SECOND, -16, 1_000, 1_016)).toBe(9_744_000);
    expect(nextInstant(10 * SECOND, 1, 1_016, 1_000)).toBe(10 * SECOND);
  });

  it("does not leap over what nobody saw while the page was hidden", () => {
    expect(nextInstant(10 * SECOND, 1, 1_000, 601_000)).toBe(10_100_000);
    expect(nextInstant(10 * SECOND, -16, 1_000, 2_000)).toBe(8_400_000);
  });
});

describe("the end that is told", () => {
  const spans: Span[] = [
    { fromUs: 10 * SECOND, toUs: 20 * SECOND },
    { fromUs: 30 * SECOND, toUs: 40 * SECOND },
  ];
  const track = {
    recordedFrom: (us: number, direction: 1 | -1) =>
      direction > 0 ? spans.find((span) => span.toUs > us) : spans.findLast((span) => span.fromUs <= us),
  };

  it("is where the recording ends, not where the clock had got to", () => {
    expect(endBefore(track, 8.5 * SECOND, -1)).toBe(10 * SECOND);
    expect(endBefore(track, 41 * SECOND, 1)).toBe(40 * SECOND);
    expect(endBefore(track, 40 * SECOND, 1)).toBe(40 * SECOND);
    expect(endBefore({ recordedFrom: () => undefined }, 7, 1)).toBeUndefined();
  });
});
