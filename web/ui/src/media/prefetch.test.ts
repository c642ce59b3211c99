// @vitest-environment node
import { describe, expect, it } from "vitest";
import { beyondAbsence } from "./beyondAbsence";
import type { FootageTrack } from "./footageTrack";
import { GroupIndex } from "./groupIndex";
import { type Span, WINDOW_US, wantedWindows } from "./keyWindows";
import { groupsAhead } from "./prefetch";

const SECOND = 1_000_000;
const START = 1_795_529_400 * SECOND; // a window's bound

function filled(count: number, fromUs = START, length = 900, name = "a"): GroupIndex {
  const index = new GroupIndex();
  const groups = Array.from({ length: count }, (_, number) => ({
    number,
    startUs: fromUs + number * 2 * SECOND,
    endUs: fromUs + (number + 1) * 2 * SECOND,
    offset: 256 + number * length,
    length,
  }));
  const endUs = fromUs + count * 2 * SECOND;
  index.add([{ name, startUs: fromUs, endUs, codec: "avc1.64001F", groups }]);
  return index;
}

const numbers = (index: GroupIndex, us: number, rate: number): number[] =>
  groupsAhead(index, us, rate).map((group) => group.number);

describe("groups to have open", () => {
  const index = filled(100);
  const middle = START + 101 * SECOND; // inside group 50

  it("is one at rest, and none inside an absence", () => {
    expect(numbers(index, middle, 0)).toEqual([50]);
    expect(numbers(index, START - SECOND, 0)).toEqual([]);
  });
  it("follows the direction, the nearest first", () => {
    expect(numbers(index, middle, 1)).toEqual([50, 51, 52, 53]);
    expect(numbers(index, middle, -1)).toEqual([50, 49, 48, 47]);
  });
  it("reaches farther at speed, within a count", () => {
    expect(numbers(index, middle, 4)).toHaveLength(13);
    expect(numbers(index, middle, -16)).toHaveLength(16);
    expect(numbers(index, middle, -16).at(-1)).toBe(35);
  });
  it("stops where memory would not follow, but always has the one of the position", () => {
    const heavy = filled(100, START, 10 * 1024 * 1024);
    expect(numbers(heavy, middle, 8)).toEqual([50, 51]);
    expect(numbers(filled(100, START, 30 * 1024 * 1024), middle, 1)).toEqual([50]);
  });
});

describe("windows of keys in the direction of play", () => {
  const now = START + 20 * WINDOW_US;
  const all = [{ fromUs: START - 10 * WINDOW_US, toUs: now }];
  const starts = (us: number, rate: number): number[] =>
    wantedWindows(us, rate, now, all).map((each) => (each.fromUs - START) / WINDOW_US);

  it("is one at rest, even close to the next", () => {
    expect(starts(START + WINDOW_US - SECOND, 0)).toEqual([0]);
  });
  it("goes back in reverse, one window ahead whatever the speed", () => {
    expect(starts(START + SECOND, -1)).toEqual([0, -1]);
    expect(starts(START + WINDOW_US / 2, -1)).toEqual([0]);
    expect(starts(START + WINDOW_US / 2, -16)).toEqual([0, -1]);
    expect(starts(START + WINDOW_US - SECOND, 16)).toEqual([0, 1]);
  });
});

function track(index: GroupIndex, recorded: readonly Span[], held: readonly Span[]): FootageTrack {
  const at = (spans: readonly Span[], us: number): Span | undefined =>
    spans.find((span) => us >= span.fromUs && us < span.toUs);
  return {
    index,
    nowUs: START + 3600 * SECOND,
    heldAt: (us: number) => at(held, us),
    isRecorded: (us: number) => at(recorded, us) !== undefined,
    recordedFrom: (us: number, direction: 1 | -1) =>
      direction > 0
        ? recorded.find((span) => span.toUs > us)
        : recorded.findLast((span) => span.fromUs <= us),
  } as unknown as FootageTrack;
}

describe("beyond an absence", () => {
  const index = filled(10, START + 60 * SECOND);
  const recorded = [
    { fromUs: START - 600 * SECOND, toUs: START - 500 * SECOND },
    { fromUs: START + 60 * SECOND, toUs: START + 80 * SECOND },
    { fromUs: START + 900 * SECOND, toUs: START + 950 * SECOND },
  ];
  const held = [{ fromUs: START, toUs: START + WINDOW_US }];

  it("is the next group of the window, or the next recorded stretch", () => {
    expect(beyondAbsence(track(index, recorded, held), START + 10 * SECOND, 1)).toBe(START + 60 * SECOND);
    expect(beyondAbsence(track(index, recorded, held), START + 80 * SECOND, 1)).toBe(START + 900 * SECOND);
    expect(beyondAbsence(track(index, recorded, held), START + 950 * SECOND, 1)).toBeUndefined();
  });
  it("is the last instant before it in reverse", () => {
    expect(beyondAbsence(track(index, recorded, held), START + 200 * SECOND, -1)).toBe(
      START + 80 * SECOND - 1,
    );
    expect(beyondAbsence(track(index, recorded, held), START + 59 * SECOND, -1)).toBe(
      START - 500 * SECOND - 1,
    );
    expect(beyondAbsence(track(index, recorded, held), START - 700 * SECOND, -1)).toBeUndefined();
  });
  it("is not known before the window's keys are here", () => {
    expect(beyondAbsence(track(index, recorded, []), START + 70 * SECOND, 1)).toBe("wait");
  });
});
