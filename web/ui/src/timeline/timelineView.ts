/** The geometry of a timeline: pure functions between instants (µs), percentages and tick marks. */
import {
  formatDateTime,
  formatOffset,
  formatTime,
  nowUs,
  parisOffsetMinutes,
  US_PER_S,
} from "../i18n/format";
import type { Stretch } from "./timelineApi";

export const SHORTEST_US = 10 * US_PER_S;
export const LONGEST_US = 32 * 86_400 * US_PER_S;
const MINUTE_US = 60 * US_PER_S;
const HOUR_US = 60 * MINUTE_US;
const DAY_US = 24 * HOUR_US;
const TICKS_COUNT = 10;
const STEPS_US = [
  ...[1, 2, 5, 10, 30].map((seconds) => seconds * US_PER_S),
  ...[1, 2, 5, 10, 30].map((minutes) => minutes * MINUTE_US),
  ...[1, 2, 3, 6, 12].map((hours) => hours * HOUR_US),
  ...[1, 2, 7].map((days) => days * DAY_US),
];

/** Where an instant lies in a view, as a percentage of its width; may be outside 0…100. */
export function percent(us: number, view: Stretch): number {
  return ((us - view.fromUs) / (view.toUs - view.fromUs)) * 100;
}

/** A percentage as SVG writes lengths. */
export const inPercent = (value: number): string => `${value.toFixed(3)}%`;

/** The instant at a fraction (0…1) of a view's width. */
export function instantAt(fraction: number, view: Stretch): number {
  return Math.round(view.fromUs + fraction * (view.toUs - view.fromUs));
}

/** Zooms by a factor (under 1: closer) so that the instant under the pointer stays under it. */
export function zoom(view: Stretch, aroundUs: number, factor: number): Stretch {
  const length = view.toUs - view.fromUs;
  const next = Math.min(LONGEST_US, Math.max(SHORTEST_US, length * factor));
  const fromUs = aroundUs - ((aroundUs - view.fromUs) / length) * next;
  return { fromUs: Math.round(fromUs), toUs: Math.round(fromUs + next) };
}

/** Moves a view by a fraction of its width. */
export function pan(view: Stretch, fraction: number): Stretch {
  const byUs = Math.round(fraction * (view.toUs - view.fromUs));
  return { fromUs: view.fromUs + byUs, toUs: view.toUs + byUs };
}

/** The view that keeps an instant on screen: moved so that it stands at a tenth when it has left. */
export function follow(view: Stretch, us: number): Stretch {
  if (us >= view.fromUs && us <= view.toUs) return view;
  const length = view.toUs - view.fromUs;
  const fromUs = Math.round(us - length / 10);
  return { fromUs, toUs: fromUs + length };
}

/** The part of a stretch that a view shows, as x and width in percent; undefined when none. */
export function visible(stretch: Stretch, view: Stretch): { x: number; width: number } | undefined {
  const from = Math.max(0, percent(stretch.fromUs, view));
  const to = Math.min(100, percent(stretch.toUs, view));
  return to > from ? { x: from, width: to - from } : undefined;
}

export interface Tick {
  us: number;
  x: number;
  label: string;
}

/** Tick marks at round local times; labels carry the offset when the clocks change within the view. */
export function ticks(view: Stretch): Tick[] {
  const length = view.toUs - view.fromUs;
  const step = STEPS_US.find((each) => length / each <= TICKS_COUNT) ?? (STEPS_US.at(-1) as number);
  const changes = formatOffset(view.fromUs) !== formatOffset(view.toUs);
  const found: Tick[] = [];
  const shiftUs = parisOffsetMinutes(view.fromUs) * MINUTE_US;
  for (let us = Math.ceil((view.fromUs + shiftUs) / step) * step - shiftUs; us <= view.toUs; us += step) {
    const text = step >= DAY_US ? formatDateTime(us) : formatTime(us, step < MINUTE_US);
    found.push({ us, x: percent(us, view), label: changes ? `${text} ${formatOffset(us)}` : text });
  }
  return found;
}

export function overlaps(a: Stretch, b: Stretch): boolean {
  return a.fromUs < b.toUs && a.toUs > b.fromUs;
}

export function contains(stretch: Stretch, us: number): boolean {
  return us >= stretch.fromUs && us < stretch.toUs;
}

/** Microseconds of a selection that are recorded. */
export function recordedUs(selection: Stretch, recorded: readonly Stretch[]): number {
  return recorded.reduce((sum, each) => {
    const fromUs = Math.max(each.fromUs, selection.fromUs);
    const toUs = Math.min(each.toUs, selection.toUs);
    return sum + Math.max(0, toUs - fromUs);
  }, 0);
}

const FIRST_VIEW_US = 90 * 60 * US_PER_S;

/** An hour and a half around an instant, without the future. */
export function viewAround(us: number): Stretch {
  const toUs = Math.min(nowUs() + 60 * US_PER_S, us + FIRST_VIEW_US / 2);
  return { fromUs: Math.round(toUs - FIRST_VIEW_US), toUs: Math.round(toUs) };
}
