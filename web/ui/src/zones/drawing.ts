/** What is being drawn, and its history: a pure reducer. Undo takes back whole gestures. */
import { clamped, type Point, rounded } from "./polygon";

export const REASONS = ["dwelling-interior", "entrance", "private-garden", "other"] as const;
export type Reason = (typeof REASONS)[number];

export interface Zone {
  points: readonly Point[];
  reason: Reason;
}

/** Zones with the one and the point that are active; −1 when there is none. */
export interface Drawing {
  zones: readonly Zone[];
  zone: number;
  point: number;
}

export interface History {
  past: readonly Drawing[];
  now: Drawing;
  future: readonly Drawing[];
}

export type Act =
  | { do: "load"; zones: readonly Zone[] }
  | { do: "add-zone" }
  | { do: "remove-zone"; zone: number }
  | { do: "add-point"; at: Point }
  | { do: "move-point"; to: Point; gesture: boolean }
  | { do: "type-point"; to: Point }
  | { do: "remove-point" }
  | { do: "reason"; reason: Reason }
  | { do: "select"; zone: number; point: number }
  | { do: "undo" }
  | { do: "redo" };

const KEPT_COUNT = 100;
export const EMPTY: History = { past: [], now: { zones: [], zone: -1, point: -1 }, future: [] };

function withZone(drawing: Drawing, change: (zone: Zone) => Zone): Drawing {
  const zones = drawing.zones.map((zone, index) => (index === drawing.zone ? change(zone) : zone));
  return { ...drawing, zones };
}

function withPoint(drawing: Drawing, to: Point): Drawing {
  return withZone(drawing, (zone) => ({
    ...zone,
    points: zone.points.map((point, index) => (index === drawing.point ? to : point)),
  }));
}

/** A point after the active one, in the active zone; the first point of a drawing makes its zone. */
function addPoint(drawing: Drawing, at: Point): Drawing {
  const ready = drawing.zones[drawing.zone] === undefined ? addZone(drawing) : drawing;
  const place = ready.point + 1;
  const grown = withZone(ready, (zone) => ({
    ...zone,
    points: [...zone.points.slice(0, place), clamped(at), ...zone.points.slice(place)],
  }));
  return { ...grown, point: place };
}

function addZone(drawing: Drawing): Drawing {
  const zones = [...drawing.zones, { points: [], reason: "dwelling-interior" as const }];
  return { zones, zone: zones.length - 1, point: -1 };
}

function removeZone(drawing: Drawing, gone: number): Drawing {
  const zones = drawing.zones.filter((_, index) => index !== gone);
  const zone = Math.min(drawing.zone > gone ? drawing.zone - 1 : drawing.zone, zones.length - 1);
  return { zones, zone, point: (zones[zone]?.points.length ?? 0) - 1 };
}

/** Without the active point; a zone without points is gone too. */
function removePoint(drawing: Drawing): Drawing {
  const zone = drawing.zones[drawing.zone];
  if (zone?.points[drawing.point] === undefined) return drawing;
  if (zone.points.length === 1) return removeZone(drawing, drawing.zone);
  const points = zone.points.filter((_, index) => index !== drawing.point);
  const shrunk = withZone(drawing, (each) => ({ ...each, points }));
  return { ...shrunk, point: Math.max(0, drawing.point - 1) };
}

function draw(drawing: Drawing, act: Act): Drawing {
  switch (act.do) {
    case "load":
      return {
        zones: act.zones,
        zone: act.zones.length - 1,
        point: (act.zones.at(-1)?.points.length ?? 0) - 1,
      };
    case "add-zone":
      return addZone(drawing);
    case "remove-zone":
      return removeZone(drawing, act.zone);
    case "add-point":
      return addPoint(drawing, act.at);
    case "move-point":
      return withPoint(drawing, clamped(act.to));
    case "type-point":
      return withPoint(drawing, rounded(act.to)); // what is typed is judged, not corrected
    case "remove-point":
      return removePoint(drawing);
    case "reason":
      return withZone(drawing, (zone) => ({ ...zone, reason: act.reason }));
    case "select":
      return { ...drawing, zone: act.zone, point: act.point };
    default:
      return drawing;
  }
}

/** The next history. Selecting is not undone; moving within a gesture replaces the last step. */
export function drawn(history: History, act: Act): History {
  const { past, now, future } = history;
  if (act.do === "undo") {
    const before = past.at(-1);
    return before === undefined
      ? history
      : { past: past.slice(0, -1), now: before, future: [now, ...future] };
  }
  if (act.do === "redo") {
    const [after, ...rest] = future;
    return after === undefined ? history : { past: [...past, now], now: after, future: rest };
  }
  const next = draw(now, act);
  if (next === now) return history;
  if (act.do === "load") return { past: [], now: next, future: [] };
  if (act.do === "select" || (act.do === "move-point" && act.gesture)) return { past, now: next, future };
  return { past: [...past, now].slice(-KEPT_COUNT), now: next, future: [] };
}

/** The letter by which people call a zone. */
export function letterOf(zone: number): string {
  return String.fromCharCode("A".charCodeAt(0) + zone);
}
