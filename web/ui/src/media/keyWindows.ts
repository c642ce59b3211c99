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
 * The windows that must be open now: the one of the position, and the next one when playback will soon reach it.
 *
 * @param recorded what exists; a window without recording is never asked for
 */
export function wantedWindows(us: number, rate: number, nowUs: number, recorded: readonly Span[]): Span[] {
  const aheadUs = us + AHEAD_S * Math.max(1, rate) * MICRO;
  const wanted = [windowAt(us, nowUs)];
  const later = windowAt(Math.min(aheadUs, nowUs), nowUs);
  if (later.fromUs > us) wanted.push(later);
  return wanted.filter((window) =>
    recorded.some((span) => span.fromUs < window.toUs && span.toUs > window.fromUs),
  );
}

/** The windows to forget: all but the few nearest to the position. */
export function surplus(held: readonly Span[], us: number): Span[] {
  const distance = (span: Span): number => Math.abs((span.fromUs + span.toUs) / 2 - us);
  return [...held].sort((a, b) => distance(a) - distance(b)).slice(KEPT_WINDOWS_COUNT);
}
