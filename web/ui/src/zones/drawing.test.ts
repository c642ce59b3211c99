// @vitest-environment node
import { describe, expect, it } from "vitest";
import { type Act, drawn, EMPTY, type History } from "./drawing";
import type { Point } from "./polygon";

const play = (...acts: Act[]): History => acts.reduce(drawn, EMPTY);
const add = (x: number, y: number): Act => ({ do: "add-point", at: [x, y] });
const points = (history: History, zone = 0): readonly Point[] => history.now.zones[zone]?.points ?? [];
const TRIANGLE = [add(0.1, 0.1), add(0.5, 0.1), add(0.5, 0.5)];

describe("drawing zones", () => {
  it("makes the zone with its first point and goes on after the active one", () => {
    const drawing = play(...TRIANGLE, { do: "select", zone: 0, point: 0 }, add(0.3, 0.05));
    expect(points(drawing)).toEqual([
      [0.1, 0.1],
      [0.3, 0.05],
      [0.5, 0.1],
      [0.5, 0.5],
    ]);
    expect(drawing.now).toMatchObject({ zone: 0, point: 1 });
  });
  it("keeps pointers inside, and typed coordinates as typed", () => {
    expect(points(play(add(-1, 2)))).toEqual([[0, 1]]);
    expect(points(play(add(0.5, 0.5), { do: "type-point", to: [1.5, 0.5] }))).toEqual([[1.5, 0.5]]);
  });
  it("takes a whole gesture back at once, and gives it again", () => {
    const moved = play(
      ...TRIANGLE,
      { do: "move-point", to: [0.6, 0.6], gesture: false },
      { do: "move-point", to: [0.7, 0.7], gesture: true },
      { do: "move-point", to: [0.8, 0.8], gesture: true },
    );
    expect(points(moved)[2]).toEqual([0.8, 0.8]);
    const undone = drawn(moved, { do: "undo" });
    expect(points(undone)[2]).toEqual([0.5, 0.5]);
    expect(points(drawn(undone, { do: "redo" }))[2]).toEqual([0.8, 0.8]);
  });
  it("forgets what was undone once something else is drawn", () => {
    const undone = drawn(play(...TRIANGLE), { do: "undo" });
    const other = drawn(undone, add(0.9, 0.9));
    expect(drawn(other, { do: "redo" })).toBe(other);
  });
  it("removes points, then the zone, and keeps a sensible selection", () => {
    const removed = play(...TRIANGLE, { do: "remove-point" }, { do: "remove-point" });
    expect(points(removed)).toHaveLength(1);
    const gone = drawn(removed, { do: "remove-point" });
    expect(gone.now).toEqual({ zones: [], zone: -1, point: -1 });
    expect(drawn(gone, { do: "remove-point" })).toBe(gone);
  });
  it("removes another zone without changing which one is active", () => {
    const two = play(...TRIANGLE, { do: "add-zone" }, add(0.7, 0.7), { do: "remove-zone", zone: 0 });
    expect(two.now.zones).toHaveLength(1);
    expect(points(two)).toEqual([[0.7, 0.7]]);
    expect(two.now.zone).toBe(0);
  });
});
