/** What a camera has and has not recorded; no picture is opened by asking. */
import { queryOptions } from "@tanstack/react-query";
import { as, get } from "../api/client";
import { nowUs, US_PER_S } from "../i18n/format";
import type { Quality } from "../media/liveState";

/** As far back as the law lets footage be kept without a hold (P-30), and a little more. */
const BACK_US = 32 * 86_400 * US_PER_S;
const REFRESH_MS = 10_000;

export interface TimelineAnswer {
  camera: string;
  stream: string;
  now_us: number;
  recorded: { from_us: number; to_us: number }[];
  recovered: { from_us: number; to_us: number }[];
  absences: { from_us: number; to_us: number | null; cause: string; detail?: string }[];
  holds: { id: string; from_us: number; to_us: number; label: string; until_us?: number | null }[];
  destroyed_before_us: number;
  due_days: number;
}

/** A stretch of time with what it is. */
export interface Stretch {
  fromUs: number;
  toUs: number;
}
export interface Absence extends Stretch {
  cause: string;
  /** It has not ended: its end moves with the present. */
  open: boolean;
}
export interface Hold extends Stretch {
  id: string;
  label: string;
  untilUs: number | undefined;
}

/** The same facts with one way of naming bounds; open absences end at the present. */
export interface CameraTimeline {
  nowUs: number;
  recorded: Stretch[];
  /** What of it came from the camera's own card, after the network had failed. */
  recovered: Stretch[];
  absences: Absence[];
  holds: Hold[];
  destroyedBeforeUs: number;
  dueDays: number;
}

export function readTimeline(answer: TimelineAnswer): CameraTimeline {
  return {
    nowUs: answer.now_us,
    recorded: answer.recorded.map(toStretch),
    recovered: answer.recovered.map(toStretch),
    absences: answer.absences.map((each) => ({
      fromUs: each.from_us,
      toUs: each.to_us ?? answer.now_us,
      cause: each.cause,
      open: each.to_us === null,
    })),
    holds: answer.holds.map((each) => ({
      id: each.id,
      label: each.label,
      fromUs: each.from_us,
      toUs: each.to_us,
      untilUs: each.until_us ?? undefined,
    })),
    destroyedBeforeUs: answer.destroyed_before_us,
    dueDays: answer.due_days,
  };
}

function toStretch(given: { from_us: number; to_us: number }): Stretch {
  return { fromUs: given.from_us, toUs: given.to_us };
}

export const timelineQuery = (camera: string, stream: Quality) =>
  queryOptions({
    queryKey: ["timeline", camera, stream],
    queryFn: async ({ signal }) => {
      const to = Math.round(nowUs()) + 60 * US_PER_S;
      const given = { path: { camera_id: camera }, query: { from_us: to - BACK_US, to_us: to, stream } };
      return readTimeline(await as<TimelineAnswer>(get("/cameras/{camera_id}/timeline", given, signal)));
    },
    enabled: camera !== "",
    refetchInterval: REFRESH_MS,
  });
