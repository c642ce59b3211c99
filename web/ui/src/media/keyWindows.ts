/**
 * Which windows of group keys a replay asks for. A window is at most five minutes and each one is a line of the
 * journal, so windows are aligned: moving about inside one asks for nothing more.
 */
import { MICRO } from "./captureTime";

export const WINDOW_US = 300 * MICRO;
export const KEPT_WINDOWS_COUNT = 4;
const AHEAD_S = 20;

/** A span of time, end excluded, in microseconds since 1970. */
export interface Span {
  fromUs: number;
  toUs: number;
}

/** The aligned window that holds an instant, cut so that it does not reach past `nowUs`. */
export function windowAt(us: number, nowUs: number): Span {
  const fromUs = Math.floor(us / WINDOW_US) * WINDOW_US;
  return { fromUs, toUs: Math.max(fromUs + 1, Math.min(fromUs + WINDOW_US, nowUs)) };
}

export function covers(spans: readonly Span[], us: number): boolean {
  return spans.some((span) => us >= span.fromUs && us < span.toUs);
}

/**
 * The windows that must be open now: the one of the position, and the next one in the direction of play when playback
 * will soon reach it.
 *
 * @param rate capture seconds a second: 0 at rest, negative in reverse
 * @param recorded what exists; a window without recording is never asked for
 */
export function wantedWindows(us: number, rate: number, nowUs: number, recorded: readonly Span[]): Span[] {
  const wanted = [windowAt(us, nowUs)];
  if (rate !== 0) {
    const aheadUs = us + AHEAD_S * MICRO * (rate > 0 ? Math.max(1, rate) : Math.min(-1, rate));
    const later = windowAt(Math.max(0, Math.min(aheadUs, nowUs)), nowUs);
    // At great speed the window after the next may already be in reach: they are asked for one after another.
    const nextUs = rate > 0 ? (wanted[0]?.fromUs ?? us) + WINDOW_US : (wanted[0]?.fromUs ?? us) - 1;
    if (later.fromUs !== wanted[0]?.fromUs && nextUs < nowUs) wanted.push(windowAt(nextUs, nowUs));
  }
  return wanted.filter((window) =>
    recorded.some((span) => span.fromUs < window.toUs && span.toUs > window.fromUs),
  );
}

/** The windows to forget: all but the few nearest to the position. */
export function surplus(held: readonly Span[], us: number): Span[] {
  const distance = (span: Span): number => Math.abs((span.fromUs + span.toUs) / 2 - us);
  return [...held].sort((a, b) => distance(a) - distance(b)).slice(KEPT_WINDOWS_COUNT);
}
