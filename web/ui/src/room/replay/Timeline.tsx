import { Trans, useLingui } from "@lingui/react/macro";
import { formatDate, formatDuration } from "../../i18n/format";
import { TimeBars } from "../../timeline/TimeBars";
import type { CameraTimeline, Stretch } from "../../timeline/timelineApi";
import { inPercent, overlaps, percent, ticks, visible } from "../../timeline/timelineView";
import { useCause } from "../TileWords";
import { Cursor } from "./Cursor";
import { TimelineSlider } from "./TimelineSlider";
import { useSpokenPosition } from "./useSpokenPosition";

const HEIGHT_PIXELS = 112;
const LANE = { y: 40, height: 40 };
/** Below this share of the width, words would not fit over an absence: they are in its list and its title. */
const WORDS_PERCENT = 9;

interface TimelineProps {
  timeline: CameraTimeline;
  view: Stretch;
  onView: (view: Stretch) => void;
  us: number;
  onSeek: (us: number) => void;
  onScrub: (us: number | undefined, clientX: number) => void;
  selection: { inUs: number | undefined; outUs: number | undefined };
}

/** The camera's time: what is recorded, what is absent and why, holds, the due date, the selection, the position. */
export function Timeline({ timeline, view, onView, us, onSeek, onScrub, selection }: TimelineProps) {
  const { t } = useLingui();
  const spoken = useSpokenPosition(us, timeline);
  return (
    <TimelineSlider
      label={t`Position de lecture`}
      spoken={spoken}
      view={view}
      onView={onView}
      us={us}
      onSeek={onSeek}
      onScrub={onScrub}
    >
      <svg className="tl" height={HEIGHT_PIXELS} aria-hidden="true">
        <rect x="0%" y={LANE.y} width="100%" height={LANE.height} className="lane" rx="2" />
        <Bars timeline={timeline} view={view} />
        <Holds timeline={timeline} view={view} />
        <Selection selection={selection} view={view} />
        <Cursor us={us} view={view} />
        <Axis view={view} />
      </svg>
    </TimelineSlider>
  );
}

function Bars({ timeline, view }: { timeline: CameraTimeline; view: Stretch }) {
  const words = useCause();
  const gone = visible({ fromUs: 0, toUs: timeline.destroyedBeforeUs }, view);
  return (
    <>
      {gone === undefined ? null : (
        <rect x="0%" y="44" width={inPercent(gone.width)} height="32" className="gone" fill="url(#dots)" />
      )}
      <TimeBars timeline={timeline} view={view} y={44} height={32} />
      {timeline.absences.map((each) => {
        const at = visible(each, view);
        if (at === undefined || at.width <= WORDS_PERCENT / 3) return null;
        const word = `${words(each.cause)}, ${formatDuration(each.toUs - each.fromUs)}`;
        return <AbsenceWord key={each.fromUs} x={at.x + at.width / 2} word={word} />;
      })}
    </>
  );
}

/** Words over an absence, kept inside the drawing at both ends. */
function AbsenceWord({ x, word }: { x: number; word: string }) {
  const anchor = x < WORDS_PERCENT ? "start" : x > 100 - WORDS_PERCENT ? "end" : "middle";
  const at = anchor === "start" ? 0 : anchor === "end" ? 100 : x;
  return (
    <text x={inPercent(at)} y="34" className="t1 hide-s" textAnchor={anchor}>
      {word.charAt(0).toLocaleUpperCase() + word.slice(1)}
    </text>
  );
}

function Holds({ timeline, view }: { timeline: CameraTimeline; view: Stretch }) {
  const { t } = useLingui();
  return timeline.holds.map((each) => {
    const at = visible(each, view);
    if (at === undefined) return null;
    const name = each.label;
    const until = each.untilUs === undefined ? "" : formatDate(each.untilUs);
    const label = until === "" ? t`Gel ${name}` : t`Gel ${name} jusqu’au ${until}`;
    return (
      <g key={each.id}>
        <title>{label}</title>
        <rect x={inPercent(at.x)} y="20" width={inPercent(at.width)} height="16" className="hold" rx="3" />
        {at.width > 2 * WORDS_PERCENT ? (
          <text x={inPercent(at.x + at.width - 0.5)} y="32" className="holdt hide-s" textAnchor="end">
            {label}
          </text>
        ) : null}
      </g>
    );
  });
}

function Selection({ selection, view }: Pick<TimelineProps, "selection" | "view">) {
  const { inUs, outUs } = selection;
  const range =
    inUs !== undefined && outUs !== undefined ? visible({ fromUs: inUs, toUs: outUs }, view) : undefined;
  return (
    <>
      {range === undefined ? null : (
        <rect x={inPercent(range.x)} y="40" width={inPercent(range.width)} height="40" className="sel" />
      )}
      {inUs === undefined || !overlaps({ fromUs: inUs, toUs: inUs + 1 }, view) ? null : (
        <svg x={inPercent(percent(inUs, view))} y="80" overflow="visible" aria-hidden="true">
          <rect className="io" x="-52" width="52" height="17" rx="3" />
          <text className="iot" x="-26" y="13" textAnchor="middle">
            <Trans>Entrée</Trans>
          </text>
        </svg>
      )}
      {outUs === undefined || !overlaps({ fromUs: outUs, toUs: outUs + 1 }, view) ? null : (
        <svg x={inPercent(percent(outUs, view))} y="80" overflow="visible" aria-hidden="true">
          <rect className="io" width="48" height="17" rx="3" />
          <text className="iot" x="24" y="13" textAnchor="middle">
            <Trans>Sortie</Trans>
          </text>
        </svg>
      )}
    </>
  );
}

export function Axis({ view, y = 86 }: { view: Stretch; y?: number }) {
  const marks = ticks(view);
  return marks.map(({ us, x, label }, index) => (
    <g key={us}>
      <line x1={inPercent(x)} x2={inPercent(x)} y1={y} y2={y + 6} className="tick" />
      {/* On a phone every third label has room. */}
      <text
        x={inPercent(x)}
        y={y + 20}
        className={index % 3 === 0 ? "" : "hide-s"}
        textAnchor={x < 2 ? "start" : x > 98 ? "end" : "middle"}
      >
        {label}
      </text>
    </g>
  ));
}
