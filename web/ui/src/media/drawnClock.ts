/** The clock of a replay that is drawn picture by picture, which goes on from drawing to drawing. */
import type { FootageSource } from "./footageTrack";

/** A page that was hidden, or a machine that stood still, plays on from where it was: nothing passes unseen. */
const DRAWING_MS_MAX = 100;

/** The instant of the next drawing. @param rate negative for reverse */
export function nextInstant(us: number, rate: number, drawnMs: number, nowMs: number): number {
  const sinceMs = Math.min(DRAWING_MS_MAX, Math.max(0, nowMs - drawnMs));
  return Math.round(us + rate * sinceMs * 1000);
}

/** Where a camera's recording ends, of an instant a little beyond its end; undefined when it has none. */
export function endBefore(
  track: Pick<FootageSource, "recordedFrom">,
  us: number,
  direction: 1 | -1,
): number | undefined {
  const span = track.recordedFrom(us, direction > 0 ? -1 : 1);
  if (span === undefined) return undefined;
  return direction > 0 ? Math.min(us, span.toUs) : Math.max(us, span.fromUs);
}
