/** Where playback goes on when nothing is recorded at its position. */
import type { FootageSource } from "./footageTrack";

/**
 * The next instant with pictures, in a direction.
 *
 * @returns `"wait"` while the window that would tell is on its way, undefined when nothing follows
 */
export function beyondAbsence(
  track: FootageSource,
  us: number,
  direction: 1 | -1,
): number | "wait" | undefined {
  const held = track.heldAt(us);
  if (held === undefined && track.isRecorded(us)) return "wait";
  // Inside a window whose groups are known, what it does not hold does not exist.
  if (direction > 0) {
    const edgeUs = held?.toUs ?? us;
    const next = track.index.next(us - 1);
    if (next !== undefined && next.startUs < edgeUs) return next.startUs;
    const span = track.recordedFrom(edgeUs, 1);
    const target = span === undefined ? undefined : Math.max(span.fromUs, edgeUs);
    return target === undefined || target >= track.nowUs ? undefined : target === us ? us + 1 : target;
  }
  const edgeUs = held === undefined ? us : held.fromUs - 1;
  const before = track.index.previous(us);
  if (before !== undefined && before.endUs > edgeUs) return before.endUs - 1;
  const span = track.recordedFrom(edgeUs, -1);
  const target = span === undefined ? undefined : Math.min(span.toUs - 1, edgeUs);
  return target === us ? us - 1 : target;
}
