/**
 * Capture time: the UTC that the recorder wrote into each fragment, shown in the camera's local time with its
 * offset. Never the time of the computer that shows the picture. Instants are microseconds since 1970.
 */

export const MICRO = 1_000_000;
export const LOCAL_ZONE = "Europe/Paris";

/** Ticks of a track to microseconds; exact to the microsecond below 2^53 ticks. */
export function ticksToUs(ticks: number, timescale: number): number {
  const whole = Math.floor(ticks / timescale);
  return whole * MICRO + Math.round(((ticks - whole * timescale) * MICRO) / timescale);
}

/** Maps positions on a media element's own time line to capture instants, and back. */
export class CaptureClock {
  /** @param originUs the capture instant that is position 0 */
  constructor(readonly originUs: number) {}

  /** Capture instant of a position in seconds. */
  at(positionS: number): number {
    return this.originUs + Math.round(positionS * MICRO);
  }

  /** Position in seconds of a capture instant. */
  position(us: number): number {
    return (us - this.originUs) / MICRO;
  }
}

const parts = (options: Intl.DateTimeFormatOptions, locale = "fr-FR"): Intl.DateTimeFormat =>
  new Intl.DateTimeFormat(locale, { timeZone: LOCAL_ZONE, ...options });

const clock = parts({ hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
const offsetFormat = parts({ timeZoneName: "longOffset", hour: "2-digit" }, "en-GB");
const offsetCache = new Map<number, string>();
const HOUR_US = 3600 * MICRO;
const CACHED_OFFSETS_COUNT = 512;

/** "14:12:36" in local time. */
export function clockText(us: number): string {
  return clock.format(us / 1000);
}

/** "+01:00": the offset in force at that instant, so that the doubled hour of October reads as two. */
export function offsetText(us: number): string {
  const hour = Math.floor(us / HOUR_US);
  const known = offsetCache.get(hour);
  if (known !== undefined) return known;
  const name = offsetFormat.formatToParts(us / 1000).find((part) => part.type === "timeZoneName")?.value;
  const found = name?.replace("GMT", "") || "+00:00";
  if (offsetCache.size >= CACHED_OFFSETS_COUNT) offsetCache.clear();
  offsetCache.set(hour, found);
  return found;
}
