import { useLingui } from "@lingui/react/macro";
import type { Camera } from "../../api/cameras";
import { formatTime } from "../../i18n/format";
import { cameraNumber } from "../../pages/cameras/words";
import { TimeBars } from "../../timeline/TimeBars";
import type { CameraTimeline, Stretch } from "../../timeline/timelineApi";
import { contains, inPercent, visible } from "../../timeline/timelineView";
import { Cursor } from "./Cursor";
import type { Points } from "./selection";
import { Axis } from "./Timeline";
import { TimelineSlider } from "./TimelineSlider";

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
  return (
    <>
      <rect x="0%" y={y} width="100%" height={BAR_PIXELS} className="lane" />
      {timeline === undefined ? null : <TimeBars timeline={timeline} view={view} y={y} height={BAR_PIXELS} />}
      {timeline?.holds.map((each) => {
        const at = visible(each, view);
        if (at === undefined) return null;
        const place = { x: inPercent(at.x), width: inPercent(at.width) };
        return <rect key={each.id} {...place} y={y - 2} height="4" className="hold" />;
      })}
    </>
  );
}
