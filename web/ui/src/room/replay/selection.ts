/** The in and out points of a selection: pure rules. */
import type { Absence, CameraTimeline, Hold, Stretch } from "../../timeline/timelineApi";
import { overlaps, recordedUs } from "../../timeline/timelineView";

const DAY_US = 86_400_000_000;
const BITS_PER_BYTE = 8;

export interface Points {
  inUs: number | undefined;
  outUs: number | undefined;
}

/** Sets one point; the other one is given up when the order would be wrong. */
export function withPoint(points: Points, which: "inUs" | "outUs", us: number): Points {
  const next = { ...points, [which]: us };
  if (next.inUs === undefined || next.outUs === undefined || next.inUs < next.outUs) return next;
  return which === "inUs" ? { inUs: us, outUs: undefined } : { inUs: undefined, outUs: us };
}

/** What a selection holds, for the panel and for the request. */
export interface Selected extends Stretch {
  durationUs: number;
  recordedUs: number;
  bytes: number;
  absences: Absence[];
  holds: Hold[];
  /** When the first of it will be destroyed if nobody holds it; the hour's key goes at its first instant. */
  dueUs: number;
}

/**
 * Reads a selection against the camera's timeline; undefined while a point is missing.
 *
 * @param kbps the stream's measured rate, for an estimate of the size
 */
export function readSelection(points: Points, timeline: CameraTimeline, kbps: number): Selected | undefined {
  const { inUs, outUs } = points;
  if (inUs === undefined || outUs === undefined) return undefined;
  const range = { fromUs: inUs, toUs: outUs };
  const kept = recordedUs(range, timeline.recorded);
  return {
    ...range,
    durationUs: outUs - inUs,
    recordedUs: kept,
    bytes: Math.round(((kept / 1e6) * kbps * 1000) / BITS_PER_BYTE),
    absences: timeline.absences.filter((each) => overlaps(each, range)),
    holds: timeline.holds.filter((each) => overlaps(each, range)),
    dueUs: Math.floor(inUs / 3_600_000_000) * 3_600_000_000 + timeline.dueDays * DAY_US,
  };
}
