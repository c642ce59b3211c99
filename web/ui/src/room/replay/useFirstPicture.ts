/** Where a replay opens when no instant was asked for: on a picture, not in an absence. */
import { useEffect, useRef } from "react";
import { US_PER_S } from "../../i18n/format";
import type { CameraTimeline, Stretch } from "../../timeline/timelineApi";
import { contains } from "../../timeline/timelineView";

/** `us` when it is recorded; else the first picture after it, else the last second before; undefined when there is none. */
export function nearestRecorded(recorded: readonly Stretch[], us: number): number | undefined {
  if (recorded.some((each) => contains(each, us))) return us;
  const after = recorded.filter((each) => each.fromUs > us).map((each) => each.fromUs);
  if (after.length > 0) return Math.min(...after);
  const last = recorded.findLast((each) => each.toUs === Math.max(...recorded.map((one) => one.toUs)));
  return last && Math.max(last.fromUs, last.toUs - US_PER_S);
}

/** Seek once to the picture nearest to `us`, as soon as every timeline is known and one has a picture. */
export function useFirstPicture(
  timelines: readonly (CameraTimeline | undefined)[],
  us: number | undefined,
  seek: (us: number) => void,
): void {
  const done = useRef(false);
  useEffect(() => {
    if (done.current || us === undefined || timelines.some((each) => each === undefined)) return;
    const to = nearestRecorded(
      timelines.flatMap((each) => each?.recorded ?? []),
      us,
    );
    if (to === undefined) return;
    done.current = true;
    if (to !== us) seek(to);
  }, [timelines, us, seek]);
}
