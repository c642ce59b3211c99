/** Instants as the reader shows them: to the millisecond, in local time with its offset. */
import { formatDate, formatOffset, formatTime, US_PER_MS } from "../i18n/format";

/** "14:10:00,040": pictures follow one another within a second. */
export function clockText(us: number, comma = ","): string {
  const ms = Math.floor(us / US_PER_MS) % 1000;
  return `${formatTime(us, true)}${comma}${String(ms).padStart(3, "0")}`;
}

/** "24 nov. 2026, 15:10:00,040 (+01:00)" */
export function instantText(us: number): string {
  return `${formatDate(us)}, ${clockText(us)} (${formatOffset(us)})`;
}
