import { useLingui } from "@lingui/react/macro";
import type { Camera } from "../../api/cameras";
import { formatDuration, formatTime } from "../../i18n/format";
import { cameraNumber } from "../../pages/cameras/words";
import { useCause } from "../TileWords";
import { Cursor, inPercent } from "./Cursor";
import type { Points } from "./selection";
import { Axis } from "./Timeline";
import { TimelineSlider } from "./TimelineSlider";
import type { CameraTimeline, Stretch } from "./timelineApi";
import { contains, visible } from "./timelineView";

const FIRST_ROW_PIXELS = 24;
const ROW_PIXELS = 22;
const BAR_PIXELS = 15;

interface StepTimelineProps {
  cameras: readonly Camera[];
  timelines: readonly (CameraTimeline | undefined)[];
  view: Stretch;
  onView: (view: Stretch) => void;
  us: number;
  onSeek: (us: number) => void;
  selection: Points;
}

/** The time of several cameras, a row each, under one position. */
export function StepTimeline({ cameras, timelines, view, onView, us, onSeek, selection }: StepTimelineProps) {
  const { t } = useLingui();
  const bottom = FIRST_ROW_PIXELS + cameras.length * ROW_PIXELS;
  const present = timelines.filter((each) => each?.recorded.some((span) => contains(span, us))).length;
  const missing = cameras.length - present;
  const time = formatTime(us, true);
  const { inUs, outUs } = selection;
  const selected =
    inUs !== undefined && outUs !== undefined ? visible({ fromUs: inUs, toUs: outUs }, view) : undefined;
  return (
    <div className="rows">
      <ul className="row-names" aria-hidden="true">
        {cameras.map((camera) => (
          <li key={camera.id}>
            {cameraNumber(camera)} {camera.name}
          </li>
        ))}
      </ul>
      <TimelineSlider
        label={t`Position de lecture commune`}
        spoken={t`${time} ; caméras enregistrées : ${present}, absentes : ${missing}`}
        view={view}
        onView={onView}
        us={us}
        onSeek={onSeek}
      >
        <svg className="tl" height={bottom + 22} aria-hidden="true">
          {cameras.map((camera, at) => (
            <Row
              key={camera.id}
              timeline={timelines[at]}
              view={view}
              y={FIRST_ROW_PIXELS + at * ROW_PIXELS}
            />
          ))}
          {selected === undefined ? null : (
            <rect
              x={inPercent(selected.x)}
              y={FIRST_ROW_PIXELS - 4}
              width={inPercent(selected.width)}
              height={cameras.length * ROW_PIXELS + 2}
              className="sel"
            />
          )}
          <Cursor us={us} view={view} bottom={bottom} />
          <Axis view={view} y={bottom} />
        </svg>
      </TimelineSlider>
    </div>
  );
}

function Row({ timeline, view, y }: { timeline: CameraTimeline | undefined; view: Stretch; y: number }) {
  const words = useCause();
  const bar = (stretch: Stretch) => {
    const at = visible(stretch, view);
    return at === undefined
      ? undefined
      : { x: inPercent(at.x), y, width: inPercent(at.width), height: BAR_PIXELS };
  };
  return (
    <>
      <rect x="0%" y={y} width="100%" height={BAR_PIXELS} className="lane" />
      {timeline?.recorded.map((each) => {
        const at = bar(each);
        return at === undefined ? null : <rect key={each.fromUs} {...at} className="rec" />;
      })}
      {timeline?.absences.map((each) => {
        const at = bar(each);
        if (at === undefined) return null;
        const cut =
          each.cause.startsWith("mask") || each.cause === "suspended" || each.cause === "not-authorised";
        return (
          <g key={each.fromUs}>
            <title>{`${words(each.cause)}, ${formatDuration(each.toUs - each.fromUs)}`}</title>
            <rect {...at} className={cut ? "gapbg2" : "gapbg"} />
            <rect {...at} fill={cut ? "url(#hat2)" : "url(#hat)"} />
          </g>
        );
      })}
      {timeline?.holds.map((each) => {
        const at = bar(each);
        return at === undefined ? null : <rect key={each.id} {...at} y={y - 2} height="4" className="hold" />;
      })}
    </>
  );
}
