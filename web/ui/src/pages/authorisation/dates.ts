import type { Order } from "../../api/authorisations";
import { dayStart, fromParisFields, nowUs, toParisFields, US_PER_S } from "../../i18n/format";

const DAY_US = 86_400 * US_PER_S;

/** When an order really ends. */
export function endOfOrder(order: Order): number {
  return order.ends_us ?? order.until_us;
}

/** The same day and hour of Paris some months before or after; the day is cut to the month's last. */
export function addMonths(us: number, months: number): number {
  const { date, time } = toParisFields(us);
  const [year = 0, month = 1, day = 1] = date.split("-").map(Number);
  const total = year * 12 + (month - 1) + months;
  const toYear = Math.floor(total / 12);
  const toMonth = (total % 12) + 1;
  const last = new Date(Date.UTC(toYear, toMonth, 0)).getUTCDate();
  const two = (value: number) => String(value).padStart(2, "0");
  const found = fromParisFields(`${toYear}-${two(toMonth)}-${two(Math.min(day, last))}`, time);
  return found[0] ?? us;
}

/** Whole months, then whole days, between two instants. */
export function monthsAndDays(fromUs: number, toUs: number): { months: number; days: number } {
  let months = 0;
  while (addMonths(fromUs, months + 1) <= toUs) months += 1;
  return { months, days: Math.floor((toUs - addMonths(fromUs, months)) / DAY_US) };
}

/** From when a decision of that day counts, µs UTC: its first instant, and for today from now on; 0 when it is no day. */
export function effectOf(day: string): number {
  const now = nowUs();
  return day === toParisFields(now).date ? now : (dayStart(day) ?? 0);
}
