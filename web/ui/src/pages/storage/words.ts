import type { StateName } from "../../parts";

const DAY_US = 86_400_000_000;
/** A measure comes every 30 s; after ten of them without a new one the figures are old. */
export const STALE_AFTER_US = 300_000_000;

/** Whole days until an instant; none under a day, which is then said in hours. */
export function daysUntil(atUs: number, nowUs: number): number {
  return Math.max(0, Math.floor((atUs - nowUs) / DAY_US));
}

/** The state that says a volume's level. */
export function levelState(level: string): { state: StateName } {
  if (level === "ok") return { state: "enough-room" };
  if (level === "warn") return { state: "soon-full" };
  return { state: level === "wrong" ? "failed" : "full" };
}

/** The state that says whether a spare volume is ready, or at work. */
export function spareState(level: string): { state: StateName } {
  if (level === "ok") return { state: "enough-room" };
  if (level === "in-use") return { state: "running" };
  if (level === "warn") return { state: "warning" };
  return { state: level === "stopping" ? "full" : "failed" };
}
