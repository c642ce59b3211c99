// @vitest-environment node
import { describe, expect, it } from "vitest";
import { frameBeside } from "./frameBeside";
import { GroupIndex } from "./groupIndex";
import { KEPT_WINDOWS_COUNT, surplus, WINDOW_US, wantedWindows, windowAt } from "./keyWindows";
import { MessageUnknown } from "./liveMessages";
import { readReplayMessage, type SegmentEntry } from "./replayMessages";

const SECOND = 1_000_000;
const START = 1_795_529_400 * SECOND; // a window's bound

function segment(name: string, startUs: number, count: number): SegmentEntry {
  const groups = Array.from({ length: count }, (_, number) => ({
    number,
    startUs: startUs + number * 2 * SECOND,
    endUs: startUs + (number + 1) * 2 * SECOND,
    offset: 256 + number * 1000,
    length: 900,
  }));
  return { name, startUs, endUs: startUs + count * 2 * SECOND, codec: "avc1.64001F", groups };
}

describe("windows of keys", () => {
  it("are aligned, at most five minutes, and never reach past the present", () => {
    expect(windowAt(START + 7 * SECOND, START + 3600 * SECOND)).toEqual({
      fromUs: START,
      toUs: START + WINDOW_US,
    });
    expect(windowAt(START + 7 * SECOND, START + 60 * SECOND)).toEqual({
      fromUs: START,
      toUs: START + 60 * SECOND,
    });
  });
  it("are asked ahead, sooner at high speed, and only where something is recorded", () => {
    const now = START + 3600 * SECOND;
    const all = [{ fromUs: START, toUs: now }];
    const near = START + WINDOW_US - 30 * SECOND;
    expect(wantedWindows(near, 1, now, all)).toHaveLength(1);
    expect(wantedWindows(near, 8, now, all).map((each) => each.fromUs)).toEqual([START, START + WINDOW_US]);
    expect(wantedWindows(near, 8, now, [{ fromUs: START, toUs: START + WINDOW_US }])).toHaveLength(1);
    expect(wantedWindows(near, 1, now, [])).toEqual([]);
  });
  it("are forgotten from the farthest on", () => {
    const held = Array.from({ length: 6 }, (_, at) => ({
      fromUs: START + at * WINDOW_US,
      toUs: START + (at + 1) * WINDOW_US,
    }));
    const far = surplus(held, START);
    expect(far).toHaveLength(6 - KEPT_WINDOWS_COUNT);
    expect(far.every((span) => span.fromUs >= START + KEPT_WINDOWS_COUNT * WINDOW_US)).toBe(true);
  });
});

describe("index of groups", () => {
  const index = new GroupIndex();
  index.add([segment("b", START + 30 * SECOND, 5), segment("a", START, 5)]);

  it("finds the group of an instant, ends excluded, and nothing inside an absence", () => {
    expect(index.at(START)?.id).toBe("a/0");
    expect(index.at(START + 2 * SECOND - 1)?.id).toBe("a/0");
    expect(index.at(START + 2 * SECOND)?.id).toBe("a/1");
    expect(index.at(START + 10 * SECOND)).toBeUndefined();
    expect(index.at(START - 1)).toBeUndefined();
  });
  it("knows what follows and what comes before, across the absence", () => {
    expect(index.next(START + 10 * SECOND)?.id).toBe("b/0");
    expect(index.next(START + 8 * SECOND)?.id).toBe("b/0");
    expect(index.previous(START + 30 * SECOND)?.id).toBe("a/4");
    expect(index.previous(START)).toBeUndefined();
    expect(index.next(START + 38 * SECOND)).toBeUndefined();
  });
  it("lists what is needed between two instants", () => {
    const between = index.between(START + 7 * SECOND, START + 33 * SECOND);
    expect(between.map((group) => group.id)).toEqual(["a/3", "a/4", "b/0", "b/1"]);
  });
  it("keeps one of each when a window comes again", () => {
    const twice = new GroupIndex();
    twice.add([segment("a", START, 3)]);
    twice.add([segment("a", START, 4)]);
    expect(twice.groups.map((group) => group.id)).toEqual(["a/0", "a/1", "a/2", "a/3"]);
  });
  it("forgets a window and says which segments are wholly gone", () => {
    const two = new GroupIndex();
    two.add([segment("a", START, 3), segment("b", START + 6 * SECOND, 3)]);
    expect(two.forget({ fromUs: START, toUs: START + 8 * SECOND })).toEqual(["a"]);
    expect(two.groups.map((group) => group.id)).toEqual(["b/1", "b/2"]);
  });
});

describe("replay messages", () => {
  it("reads keys and their groups", () => {
    const groups = [{ number: 3, utc_us: START, duration_us: 2 * SECOND, offset: 256, length: 772 }];
    const segments = [{ name: "s", start_us: START, end_us: START, codec: "avc1.42", groups }];
    const message = readReplayMessage(
      JSON.stringify({ type: "keys", from_us: 1, to_us: 2, sealed: "AA==", segments }),
    );
    expect(message).toMatchObject({ type: "keys", fromUs: 1, toUs: 2, sealed: "AA==" });
    expect(message.type === "keys" && message.segments[0]?.groups[0]).toEqual({
      number: 3,
      startUs: START,
      endUs: START + 2 * SECOND,
      offset: 256,
      length: 772,
    });
  });
  it("reads holders in either form", () => {
    const locked = readReplayMessage('{"type":"locked","holders":["Maire",{"label":"Cheffe"},7]}');
    expect(locked).toEqual({ type: "locked", holders: ["Maire", "Cheffe", ""], what: "", todo: "" });
  });
  it.each(["{}", "7", '{"type":"stream"}', "nope"])("refuses %s", (raw) => {
    expect(() => readReplayMessage(raw)).toThrow(MessageUnknown);
  });
  it("refuses a window of more groups than any window can have", () => {
    const groups = Array.from({ length: 20_001 }, () => ({}));
    const raw = JSON.stringify({ type: "keys", segments: [{ groups }] });
    expect(() => readReplayMessage(raw)).toThrow(MessageUnknown);
  });
});

describe("the frame beside the one on screen", () => {
  const FRAME = 40_000;
  const index = new GroupIndex();
  index.add([segment("a", START, 2)]);
  const loaded = (ids: string[]) => ({
    frames: ({ id, startUs, endUs }: { id: string; startUs: number; endUs: number }) =>
      ids.includes(id)
        ? Array.from({ length: (endUs - startUs) / FRAME }, (_, at) => ({
            startUs: startUs + at * FRAME,
            endUs: startUs + (at + 1) * FRAME,
          }))
        : [],
  });
  const both = loaded(["a/0", "a/1"]);
  const edge = START + 2 * SECOND;

  it("is the next or the previous one, across groups too", () => {
    expect(frameBeside(index, both, START + 500, 1)?.frame?.startUs).toBe(START + FRAME);
    expect(frameBeside(index, both, edge - FRAME + 500, 1)?.frame?.startUs).toBe(edge);
    expect(frameBeside(index, both, edge + 500, -1)?.frame?.startUs).toBe(edge - FRAME);
  });
  it("names the group to load when it is not here, and the edge when no group is known", () => {
    expect(frameBeside(index, loaded(["a/1"]), edge + 500, -1)).toMatchObject({
      frame: undefined,
      group: { id: "a/0" },
    });
    expect(frameBeside(index, both, START + 500, -1)).toMatchObject({
      frame: undefined,
      group: undefined,
      edgeUs: START - 1,
    });
  });
  it("is unknown inside an absence", () => {
    expect(frameBeside(index, both, START + 60 * SECOND, 1)).toBeUndefined();
  });
});
