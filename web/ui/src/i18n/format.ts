/** Dates, durations and sizes as French (or English) usage writes them. `Intl` only; times are Europe/Paris. */
import { intlLocale } from "./locale";

/** Times cross the API as whole microseconds since 1970, UTC. */
export const US_PER_MS = 1000;
export const US_PER_S = 1_000_000;
export const TIME_ZONE = "Europe/Paris";

const cache = new Map<string, Intl.DateTimeFormat>();

function formatter(options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const locale = intlLocale();
  const key = locale + JSON.stringify(options);
  const known = cache.get(key);
  if (known) return known;
  const made = new Intl.DateTimeFormat(locale, { timeZone: TIME_ZONE, ...options });
  cache.set(key, made);
  return made;
}

/** Current time in µs UTC, from this browser's clock. */
export function nowUs(): number {
  return Date.now() * US_PER_MS;
}

/** "24 nov. 2026" */
export function formatDate(us: number): string {
  return formatter({ day: "numeric", month: "short", year: "numeric" }).format(us / US_PER_MS);
}

/** "mardi 24 novembre" */
export function formatDay(us: number): string {
  return formatter({ weekday: "long", day: "numeric", month: "long" }).format(us / US_PER_MS);
}

/** "mar. 24" */
export function formatWeekday(us: number): string {
  return formatter({ weekday: "short", day: "numeric" }).format(us / US_PER_MS);
}

/** "14:12" or, with seconds, "14:12:36" */
export function formatTime(us: number, seconds = false): string {
  const options: Intl.DateTimeFormatOptions = { hour: "2-digit", minute: "2-digit" };
  if (seconds) options.second = "2-digit";
  return formatter(options).format(us / US_PER_MS);
}

/** "24 nov., 14:12" */
export function formatDateTime(us: number, seconds = false): string {
  const day = formatter({ day: "numeric", month: "short" }).format(us / US_PER_MS);
  return `${day}, ${formatTime(us, seconds)}`;
}

/** "mar. 24 nov. 2026, 14:12" */
export function formatLong(us: number): string {
  const day = formatter({ weekday: "short", day: "numeric", month: "short", year: "numeric" });
  return `${day.format(us / US_PER_MS)}, ${formatTime(us)}`;
}

/** The offset of Paris at that instant: "+01:00" or "+02:00". */
export function formatOffset(us: number): string {
  const minutes = parisOffsetMinutes(us);
  const hours = String(Math.floor(Math.abs(minutes) / 60)).padStart(2, "0");
  return `${minutes < 0 ? "−" : "+"}${hours}:${String(Math.abs(minutes) % 60).padStart(2, "0")}`;
}

/** "22 nov., 21:40 → 22:25"; both days when they differ, and the seconds within one minute. */
export function formatSpan(fromUs: number, toUs: number): string {
  const sameDay = formatDate(fromUs) === formatDate(toUs);
  const seconds = formatDateTime(fromUs) === formatDateTime(toUs);
  return `${formatDateTime(fromUs, seconds)} → ${sameDay ? formatTime(toUs, seconds) : formatDateTime(toUs)}`;
}

/** "24 nov. 2026, 14:12:05": on paper, which is read in another year. */
export function formatExact(us: number): string {
  return `${formatDate(us)}, ${formatTime(us, true)}`;
}

/** "22 nov. 2026, 21:40:00 → 22:25:04"; both days when they differ. */
export function formatExactSpan(fromUs: number, toUs: number): string {
  const sameDay = formatDate(fromUs) === formatDate(toUs);
  return `${formatExact(fromUs)} → ${sameDay ? formatTime(toUs, true) : formatExact(toUs)}`;
}

function unit(value: number, name: string): string {
  return new Intl.NumberFormat(intlLocale(), { style: "unit", unit: name, unitDisplay: "short" }).format(
    value,
  );
}

/** "7 min 30 s", "2 h 15 min", "14 j 16 h": the two largest units. */
export function formatDuration(us: number): string {
  const total = Math.max(0, Math.round(us / US_PER_S));
  const parts: [number, string][] = [
    [Math.floor(total / 86_400), "day"],
    [Math.floor(total / 3600) % 24, "hour"],
    [Math.floor(total / 60) % 60, "minute"],
    [total % 60, "second"],
  ];
  const first = parts.findIndex(([value]) => value > 0);
  if (first < 0) return unit(0, "second");
  const kept = parts.slice(first, first + 2).filter(([value], index) => index === 0 || value > 0);
  return kept.map(([value, name]) => unit(value, name)).join(" ");
}

/** "2,7 Go" in French, "2.7 GB" in English (decimal multiples); below a thousand, in words: "15 octets", "1 byte". */
export function formatBytes(bytes: number): string {
  const names = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"];
  let value = bytes;
  let index = 0;
  while (value >= 1000 && index < names.length - 1) {
    value /= 1000;
    index += 1;
  }
  const options: Intl.NumberFormatOptions = {
    style: "unit",
    unit: names[index] ?? "byte",
    // The short form of a byte has no plural in English.
    unitDisplay: index > 0 ? "short" : "long",
    maximumFractionDigits: value < 10 && index > 0 ? 2 : 0,
  };
  return new Intl.NumberFormat(intlLocale(), options).format(value);
}

/** "12 384" with the thin space of French usage. */
export function formatNumber(value: number): string {
  return new Intl.NumberFormat(intlLocale()).format(value);
}

/** "99,56 %" of a share 0…1; never rounded up to all. */
export function formatShare(share: number): string {
  const options: Intl.NumberFormatOptions = { style: "percent", maximumFractionDigits: 2 };
  return new Intl.NumberFormat(intlLocale(), options).format(Math.floor(share * 10_000) / 10_000);
}

function parisParts(us: number): Record<string, number> {
  const parts = new Intl.DateTimeFormat("en-GB", {
    timeZone: TIME_ZONE,
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    hourCycle: "h23",
  }).formatToParts(us / US_PER_MS);
  return Object.fromEntries(parts.map((part) => [part.type, Number(part.value)]));
}

/** Minutes that Paris is ahead of UTC at that instant: 60 in winter, 120 in summer. */
export function parisOffsetMinutes(us: number): number {
  const p = parisParts(us);
  const wall = Date.UTC(p.year ?? 0, (p.month ?? 1) - 1, p.day, p.hour, p.minute, p.second);
  return Math.round((wall - Math.floor(us / US_PER_MS / 1000) * 1000) / 60_000);
}

/** Date and time fields of Paris at that instant, as `<input type="date|time">` want them. */
export function toParisFields(us: number): { date: string; time: string } {
  const p = parisParts(us);
  const two = (value: number | undefined) => String(value ?? 0).padStart(2, "0");
  return {
    date: `${String(p.year).padStart(4, "0")}-${two(p.month)}-${two(p.day)}`,
    time: `${two(p.hour)}:${two(p.minute)}:${two(p.second)}`,
  };
}

/** What a typed Paris date and time can mean: none (skipped in spring), one, or two instants (doubled in autumn). */
export function fromParisFields(date: string, time: string): number[] {
  const full = time.length === 5 ? `${time}:00` : time;
  const wall = Date.parse(`${date}T${full}Z`);
  if (Number.isNaN(wall)) return [];
  const found = [120, 60]
    .map((minutes) => ({ minutes, us: (wall - minutes * 60_000) * US_PER_MS }))
    .filter(({ minutes, us }) => parisOffsetMinutes(us) === minutes)
    .map(({ us }) => us);
  return [...new Set(found)].sort((a, b) => a - b);
}

/** The first instant of a day of Paris, µs UTC; null when it is no day. */
export function dayStart(day: string): number | null {
  return fromParisFields(day, "00:00:00")[0] ?? null;
}

/** The first instant after a day of Paris, µs UTC: what "until that day, inclusive" means. */
export function dayEnd(day: string): number | null {
  const next = new Date(`${day}T12:00:00Z`);
  if (Number.isNaN(next.getTime())) return null;
  next.setUTCDate(next.getUTCDate() + 1);
  return dayStart(next.toISOString().slice(0, 10));
}
