import { describe, expect, it } from "vitest";
import type { CameraTimeline } from "../../timeline/timelineApi";
import { lastDays, recordedShare } from "./week";

const HOUR = 3_600_000_000;
const at = (iso: string): number => Date.parse(iso) * 1000;

describe("a camera's week", () => {
  it("is seven days of Paris that follow one another, today's last", () => {
    const days = lastDays(at("2026-11-24T22:59:00Z"));
    expect(days).toHaveLength(7);
    expect(days[6]).toEqual({ fromUs: at("2026-11-23T23:00:00Z"), toUs: at("2026-11-24T23:00:00Z") });
    for (const [n, day] of days.slice(1).entries()) expect(day.fromUs).toBe(days[n]?.toUs);
  });
  it("has a day of 25 hours in October and one of 23 in March", () => {
    const hours = (now: string) => lastDays(at(now)).map((day) => (day.toUs - day.fromUs) / HOUR);
    expect(hours("2026-10-27T12:00:00Z")).toEqual([24, 24, 24, 24, 25, 24, 24]);
    expect(hours("2026-03-29T12:00:00Z")[6]).toBe(23);
  });
  it("counts only time of which something is known", () => {
    const timeline: CameraTimeline = {
      nowUs: 20 * HOUR,
      recorded: [{ fromUs: 10 * HOUR, toUs: 13 * HOUR }],
      recovered: [],
      absences: [{ fromUs: 13 * HOUR, toUs: 14 * HOUR, cause: "camera-unreachable", open: false }],
      holds: [],
      destroyedBeforeUs: 0,
      dueDays: 15,
    };
    expect(recordedShare(timeline, { fromUs: 0, toUs: 24 * HOUR })).toBe(0.75);
    expect(recordedShare(timeline, { fromUs: 12 * HOUR, toUs: 24 * HOUR })).toBe(0.5);
    expect(recordedShare(timeline, { fromUs: 15 * HOUR, toUs: 24 * HOUR })).toBeUndefined();
  });
});
