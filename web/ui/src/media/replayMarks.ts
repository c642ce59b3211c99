/**
 * When a replay was asked for and when each step towards its picture was done, as User Timing marks: a browser's
 * profiler shows them, and the bench reads them. Only the latest of each step is kept.
 */

/** The steps, in the order in which they come: `first` is the first picture of a group, `shown` the one asked for. */
export type ReplayStep = "asked" | "permit" | "window-asked" | "keys" | "opened" | "first" | "shown";

/** Marks a step; `us` is the capture instant it is about. */
export function markStep(step: ReplayStep, us?: number): void {
  const name = `replay-${step}`;
  performance.clearMarks(name);
  performance.mark(name, us === undefined ? {} : { detail: us });
}
