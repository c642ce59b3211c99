import { queryOptions } from "@tanstack/react-query";
import { as, get } from "./client";

/** What a stream has and has not over a range; no picture is opened by asking. */
export interface Timeline {
  camera: string;
  stream: string;
  now_us: number;
  recorded: { from_us: number; to_us: number }[];
  absences: { from_us: number; to_us: number | null; cause: string; detail?: string }[];
  holds: { id: string; from_us: number; to_us: number; label?: string; until_us?: number | null }[];
  destroyed_before_us: number;
  due_days: number;
}

export const timelineQuery = (camera: string, fromUs: number, toUs: number) =>
  queryOptions({
    queryKey: ["timeline", camera, fromUs, toUs],
    queryFn: ({ signal }) =>
      as<Timeline>(
        get(
          "/cameras/{camera_id}/timeline",
          { path: { camera_id: camera }, query: { from_us: fromUs, to_us: toUs } },
          signal,
        ),
      ),
    staleTime: 15_000,
  });

/** Recorded time inside a range, µs. */
export function recordedUs(timeline: Timeline, fromUs: number, toUs: number): number {
  return timeline.recorded.reduce(
    (sum, span) => sum + Math.max(0, Math.min(span.to_us, toUs) - Math.max(span.from_us, fromUs)),
    0,
  );
}
