import { i18n } from "@lingui/core";
import { beforeAll, describe, expect, it } from "vitest";
import {
  contains,
  follow,
  instantAt,
  overlaps,
  percent,
  recordedUs,
  SHORTEST_US,
  ticks,
  visible,
  zoom,
} from "./timelineView";

const MINUTE = 60_000_000;
const HOUR = 60 * MINUTE;
const NOON = Date.UTC(2026, 10, 24, 11, 0) * 1000; // 12:00 in Paris, winter
const view = { fromUs: NOON, toUs: NOON + HOUR };

beforeAll(() => i18n.loadAndActivate({ locale: "fr", messages: {} }));

describe("timeline geometry", () => {
  it("maps instants and fractions both ways", () => {
    expect(percent(NOON + 15 * MINUTE, view)).toBe(25);
    expect(instantAt(0.25, view)).toBe(NOON + 15 * MINUTE);
  });
  it("zooms around the pointer, within bounds", () => {
    const around = NOON + 45 * MINUTE;
    const closer = zoom(view, around, 0.5);
    expect(percent(around, closer)).toBeCloseTo(75);
    expect(closer.toUs - closer.fromUs).toBe(HOUR / 2);
    const closest = zoom(view, around, 1e-9);
    expect(closest.toUs - closest.fromUs).toBe(SHORTEST_US);
  });
  it("shows only the part inside the view", () => {
    expect(visible({ fromUs: NOON - HOUR, toUs: NOON + 30 * MINUTE }, view)).toEqual({ x: 0, width: 50 });
    expect(visible({ fromUs: NOON + HOUR, toUs: NOON + 2 * HOUR }, view)).toBeUndefined();
  });
  it("follows a position that leaves", () => {
    expect(follow(view, NOON + MINUTE)).toBe(view);
    expect(percent(NOON + 2 * HOUR, follow(view, NOON + 2 * HOUR))).toBeCloseTo(10);
  });
  it("counts what of a selection is recorded", () => {
    const recorded = [
      { fromUs: NOON, toUs: NOON + 10 * MINUTE },
      { fromUs: NOON + 20 * MINUTE, toUs: NOON + HOUR },
    ];
    expect(recordedUs({ fromUs: NOON + 5 * MINUTE, toUs: NOON + 25 * MINUTE }, recorded)).toBe(10 * MINUTE);
  });
  it("ends are excluded", () => {
    expect(contains(view, view.toUs)).toBe(false);
    expect(overlaps(view, { fromUs: view.toUs, toUs: view.toUs + 1 })).toBe(false);
  });
});

describe("ticks", () => {
  it("stand at round local times", () => {
    expect(ticks(view).map((tick) => tick.label)).toEqual([
      "12:00",
      "12:10",
      "12:20",
      "12:30",
      "12:40",
      "12:50",
      "13:00",
    ]);
  });
  it("name the offset of each side of the change to winter time", () => {
    const change = Date.UTC(2026, 9, 25, 0, 30) * 1000; // 02:30 +02:00
    const labels = ticks({ fromUs: change, toUs: change + HOUR }).map((tick) => tick.label);
    expect(labels[0]).toBe("02:30 +02:00");
    expect(labels.at(-1)).toBe("02:30 +01:00");
    expect(new Set(labels).size).toBe(labels.length);
  });
});
