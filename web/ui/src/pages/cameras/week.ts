/** A camera's last seven days, as days of Paris: 23, 24 or 25 hours long. */
import { dayEnd, dayStart, toParisFields } from "../../i18n/format";
import type { CameraTimeline, Stretch } from "../../timeline/timelineApi";
import { overlaps, recordedUs } from "../../timeline/timelineView";

export const DAYS_COUNT = 7;

/** The days that end with today's, oldest first. */
export function lastDays(nowUs: number, count = DAYS_COUNT): Stretch[] {
  const days: Stretch[] = [];
  let inside = nowUs;
  while (days.length < count) {
    const { date } = toParisFields(inside);
    const [fromUs, toUs] = [dayStart(date), dayEnd(date)];
    if (fromUs === null || toUs === null) break;
    days.unshift({ fromUs, toUs });
    inside = fromUs - 1;
  }
  return days;
}

/** The part of a timeline's known time within a stretch that is recorded, 0…1; undefined when nothing is known of it. */
export function recordedShare(timeline: CameraTimeline, within: Stretch): number | undefined {
  const known = [...timeline.recorded, ...timeline.absences].filter((each) => overlaps(each, within));
  if (known.length === 0) return undefined;
  const toUs = Math.min(within.toUs, Math.max(...known.map((each) => each.toUs)));
  const fromUs = Math.max(within.fromUs, Math.min(...known.map((each) => each.fromUs)));
  return recordedUs({ fromUs, toUs }, timeline.recorded) / (toUs - fromUs);
}
