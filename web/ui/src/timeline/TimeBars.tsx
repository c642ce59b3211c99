import { useLingui } from "@lingui/react/macro";
import { formatDuration } from "../i18n/format";
import type { Absence, CameraTimeline, Stretch } from "./timelineApi";
import { inPercent, visible } from "./timelineView";
import { useCauseWords } from "./useCauseWords";

const BACK_PIXELS = 4;
/** However short, what is there is seen. */
const THINNEST_PERCENT = 0.15;

interface TimeBarsProps {
  timeline: Pick<CameraTimeline, "recorded" | "recovered" | "absences">;
  view: Stretch;
  y: number;
  height: number;
  /** Absences narrower than this are not drawn: in the view of a month each second would be a line. */
  leastPercent?: number;
}

/** Someone stopped it or the law did, as against what broke. */
export function isCut({ cause }: Pick<Absence, "cause">): boolean {
  return cause.startsWith("mask") || cause === "suspended" || cause === "not-authorised";
}

/** What is recorded, what of it came back from the camera's card, and what is absent, each with its title. */
export function TimeBars({ timeline, view, y, height, leastPercent = 0 }: TimeBarsProps) {
  const { t } = useLingui();
  const words = useCauseWords();
  const bars = <Kind extends Stretch>(all: readonly Kind[], least = 0) =>
    all.flatMap((each) => {
      const at = visible(each, view);
      if (at === undefined || at.width < least) return [];
      return [
        { each, place: { x: inPercent(at.x), width: inPercent(Math.max(at.width, THINNEST_PERCENT)) } },
      ];
    });
  return (
    <>
      {bars(timeline.recorded).map(({ each, place }) => (
        <rect key={each.fromUs} {...place} y={y} height={height} className="rec" />
      ))}
      {bars(timeline.recovered).map(({ each, place }) => (
        <g key={each.fromUs}>
          <title>{t`Repris de la carte de la caméra`}</title>
          <rect {...place} y={y + height - BACK_PIXELS} height={BACK_PIXELS} className="back" />
        </g>
      ))}
      {bars(timeline.absences, leastPercent).map(({ each, place }) => (
        <g key={each.fromUs}>
          <title>{`${words(each.cause)}, ${formatDuration(each.toUs - each.fromUs)}`}</title>
          <rect {...place} y={y} height={height} className={isCut(each) ? "gapbg2" : "gapbg"} />
          <rect {...place} y={y} height={height} fill={isCut(each) ? "url(#hat2)" : "url(#hat)"} />
        </g>
      ))}
    </>
  );
}
