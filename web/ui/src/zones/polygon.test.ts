// @vitest-environment node
import { describe, expect, it } from "vitest";
import { area, clamped, type Point, problemOf } from "./polygon";

const SQUARE: Point[] = [
  [0.1, 0.1],
  [0.4, 0.1],
  [0.4, 0.4],
  [0.1, 0.4],
];

describe("a private zone", () => {
  it("is right when simple and inside, edges of the picture included", () => {
    expect(problemOf(SQUARE)).toBeUndefined();
    expect(
      problemOf([
        [0, 0],
        [1, 0],
        [1, 1],
        [0, 1],
      ]),
    ).toBeUndefined();
    expect(area(SQUARE)).toBeCloseTo(0.09);
  });
  it("names too few points before anything else but a point outside", () => {
    expect(problemOf([])).toEqual({ kind: "few" });
    expect(problemOf(SQUARE.slice(0, 2))).toEqual({ kind: "few" });
    expect(problemOf([[0.2, 1.2]])).toEqual({ kind: "outside", point: 1 });
    expect(problemOf([...SQUARE, [Number.NaN, 0.5]])).toEqual({ kind: "outside", point: 5 });
  });
  it("names the edges that cross", () => {
    expect(
      problemOf([
        [0.1, 0.1],
        [0.4, 0.4],
        [0.4, 0.1],
        [0.1, 0.4],
      ]),
    ).toEqual({ kind: "crossing", first: 1, second: 3 });
  });
  it("takes a vertex on another edge, and a spike, for crossings", () => {
    expect(
      problemOf([
        [0, 0],
        [0.8, 0],
        [0.8, 0.8],
        [0.4, 0],
        [0, 0.8],
      ])?.kind,
    ).toBe("crossing");
    expect(
      problemOf([
        [0.1, 0.1],
        [0.5, 0.1],
        [0.3, 0.1],
        [0.3, 0.5],
      ])?.kind,
    ).toBe("crossing");
  });
  it("names a double point and an empty shape", () => {
    expect(problemOf([...SQUARE, [0.4, 0.4]])).toEqual({ kind: "double", point: 5 });
    expect(
      problemOf([
        [0.1, 0.1],
        [0.101, 0.1],
        [0.101, 0.101],
      ]),
    ).toEqual({ kind: "flat" });
  });
  it("has at most 32 points", () => {
    const circle = Array.from({ length: 33 }, (_, at): Point => {
      const angle = (at / 33) * 2 * Math.PI;
      return [0.5 + 0.3 * Math.cos(angle), 0.5 + 0.3 * Math.sin(angle)];
    });
    expect(problemOf(circle)).toEqual({ kind: "many" });
    expect(problemOf(circle.slice(1))).toBeUndefined();
  });
  it("clamps a pointer that leaves the picture", () => {
    expect(clamped([-0.2, 1.7])).toEqual([0, 1]);
    expect(clamped([0.12345678, 0.5])).toEqual([0.123457, 0.5]);
  });
});
