/**
 * Says from the arrival of frames alone whether a picture is live. The `stalled` event of a video element never
 * fires, and a last frame stays on screen for ever: a stale picture must not pass for live.
 */

export const FROZEN_AFTER_MS = 2_000;
export const LOST_AFTER_MS = 10_000;
export const SILENT_AFTER_MS = 4_000;

export type Freshness = "live" | "frozen" | "lost";

/** Judges by the time since the last new frame, both in milliseconds of the same monotonic clock. */
export function freshness(nowMs: number, lastFrameMs: number): Freshness {
  const age = nowMs - lastFrameMs;
  if (age >= LOST_AFTER_MS) return "lost";
  return age >= FROZEN_AFTER_MS ? "frozen" : "live";
}

/** True when the server itself has fallen silent (a beat is due every second): the connection is to be remade. */
export function isSilent(nowMs: number, lastMessageMs: number): boolean {
  return nowMs - lastMessageMs >= SILENT_AFTER_MS;
}
