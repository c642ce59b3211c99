/**
 * The shape rules of a private zone, as the server judges them too: here to say at once what is wrong. Points are
 * shares of the picture, x to the right, y down, 0 to 1.
 */

export type Point = readonly [x: number, y: number];

export const POINTS_MAX = 32;
export const ZONES_MAX = 24;
/** Under this share of the picture nothing could be hidden. */
export const AREA_MIN_SHARE = 20e-6;
const MILLIONTHS = 1_000_000;

/** What is wrong with a zone; edges are counted from 1. */
export type Problem =
  | { kind: "few" }
  | { kind: "many" }
  | { kind: "outside"; point: number }
  | { kind: "double"; point: number }
  | { kind: "crossing"; first: number; second: number }
  | { kind: "flat" };

/** A point kept to a millionth, as it will be stored. */
export function rounded([x, y]: Point): Point {
  return [Math.round(x * MILLIONTHS) / MILLIONTHS, Math.round(y * MILLIONTHS) / MILLIONTHS];
}

/** A point kept inside the picture. */
export function inside([x, y]: Point): Point {
  return [Math.min(1, Math.max(0, x)), Math.min(1, Math.max(0, y))];
}

/** A point of a drawing: inside the picture, to a millionth. */
export function clamped(point: Point): Point {
  return rounded(inside(point));
}

/** Twice the signed area of a triangle: positive when `c` lies to one side of the line through `a` and `b`. */
function side(a: Point, b: Point, c: Point): number {
  return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);
}

function between(a: Point, b: Point, c: Point): boolean {
  return (
    Math.min(a[0], b[0]) <= c[0] &&
    c[0] <= Math.max(a[0], b[0]) &&
    Math.min(a[1], b[1]) <= c[1] &&
    c[1] <= Math.max(a[1], b[1])
  );
}

/** Whether two segments have a point in common, ends included. */
export function touch(a: Point, b: Point, c: Point, d: Point): boolean {
  const [c1, d1, a2, b2] = [side(a, b, c), side(a, b, d), side(c, d, a), side(c, d, b)];
  if (c1 > 0 !== d1 > 0 && a2 > 0 !== b2 > 0 && c1 !== 0 && d1 !== 0 && a2 !== 0 && b2 !== 0) return true;
  return (
    (c1 === 0 && between(a, b, c)) ||
    (d1 === 0 && between(a, b, d)) ||
    (a2 === 0 && between(c, d, a)) ||
    (b2 === 0 && between(c, d, b))
  );
}

function at(points: readonly Point[], index: number): Point {
  return points[index % points.length] ?? [0, 0];
}

/** Two neighbouring edges that lie on each other: a spike that folds back. */
function foldsBack(points: readonly Point[], index: number): boolean {
  const [a, b, c] = [at(points, index), at(points, index + 1), at(points, index + 2)];
  if (side(a, b, c) !== 0) return false;
  return (b[0] - a[0]) * (c[0] - b[0]) + (b[1] - a[1]) * (c[1] - b[1]) < 0;
}

function crossing(points: readonly Point[]): Problem | undefined {
  const count = points.length;
  for (let i = 0; i < count; i += 1) {
    for (let j = i + 1; j < count; j += 1) {
      const isNext = j === i + 1;
      const isLast = i === 0 && j === count - 1;
      const crosses =
        isNext || isLast
          ? foldsBack(points, isNext ? i : j)
          : touch(at(points, i), at(points, i + 1), at(points, j), at(points, j + 1));
      if (crosses) return { kind: "crossing", first: i + 1, second: j + 1 };
    }
  }
  return undefined;
}

/** Area as a share of the picture (shoelace). */
export function area(points: readonly Point[]): number {
  const sum = points.reduce((total, [x, y], index) => {
    const [nextX, nextY] = at(points, index + 1);
    return total + x * nextY - nextX * y;
  }, 0);
  return Math.abs(sum) / 2;
}

/** The first thing wrong with a zone, or undefined. */
export function problemOf(points: readonly Point[]): Problem | undefined {
  const outside = points.findIndex(([x, y]) => !(x >= 0 && x <= 1 && y >= 0 && y <= 1));
  if (outside >= 0) return { kind: "outside", point: outside + 1 };
  if (points.length < 3) return { kind: "few" };
  if (points.length > POINTS_MAX) return { kind: "many" };
  const places = points.map((point) => rounded(point).join());
  const double = places.findIndex((place, index) => places.indexOf(place) < index);
  if (double >= 0) return { kind: "double", point: double + 1 };
  const crossed = crossing(points);
  if (crossed !== undefined) return crossed;
  return area(points) < AREA_MIN_SHARE ? { kind: "flat" } : undefined;
}
