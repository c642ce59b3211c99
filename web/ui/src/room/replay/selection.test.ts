// @vitest-environment node
import { describe, expect, it } from "vitest";
import type { CameraTimeline } from "../../timeline/timelineApi";
import { readSelection, withPoint } from "./selection";

const MINUTE = 60_000_000;
const START = 1_795_500_000_000_000;
const timeline: CameraTimeline = {
  nowUs: START + 120 * MINUTE,
  recorded: [
    { fromUs: START, toUs: START + 30 * MINUTE },
    { fromUs: START + 33 * MINUTE, toUs: START + 60 * MINUTE },
  ],
  absences: [
    { fromUs: START + 30 * MINUTE, toUs: START + 33 * MINUTE, cause: "camera-unreachable", open: false },
  ],
  holds: [
    { id: "h", label: "D-1", fromUs: START + 40 * MINUTE, toUs: START + 50 * MINUTE, untilUs: undefined },
  ],
  recovered: [],
  destroyedBeforeUs: 0,
  dueDays: 15,
};

describe("a selection", () => {
  it("keeps its points in order", () => {
    const both = { inUs: 10, outUs: 20 };
    expect(withPoint(both, "outUs", 30)).toEqual({ inUs: 10, outUs: 30 });
    expect(withPoint(both, "inUs", 20)).toEqual({ inUs: 20, outUs: undefined });
    expect(withPoint(both, "outUs", 5)).toEqual({ inUs: undefined, outUs: 5 });
  });
  it("says its length, its size without the absences, its holds and its due date", () => {
    const found = readSelection({ inUs: START + 28 * MINUTE, outUs: START + 41 * MINUTE }, timeline, 4000);
    expect(found).toMatchObject({ durationUs: 13 * MINUTE, recordedUs: 10 * MINUTE, bytes: 300_000_000 });
    expect(found?.absences.map((each) => each.cause)).toEqual(["camera-unreachable"]);
    expect(found?.holds.map((each) => each.label)).toEqual(["D-1"]);
    expect(((found?.dueUs ?? 0) / 3_600_000_000) % 1).toBe(0);
  });
  it("is nothing while a point is missing", () => {
    expect(readSelection({ inUs: START, outUs: undefined }, timeline, 4000)).toBeUndefined();
  });
});
