import { Trans, useLingui } from "@lingui/react/macro";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { Camera, LegalState } from "../../api/cameras";
import {
  formatDateTime,
  formatDuration,
  formatShare,
  formatSpan,
  formatWeekday,
  nowUs,
} from "../../i18n/format";
import { Card, Loading } from "../../parts";
import { useRole } from "../../session/SessionContext";
import { Patterns } from "../../timeline/Patterns";
import { TimeBars } from "../../timeline/TimeBars";
import { type CameraTimeline, type Stretch, timelineQuery } from "../../timeline/timelineApi";
import { inPercent, overlaps, visible } from "../../timeline/timelineView";
import { useCauseWords } from "../../timeline/useCauseWords";
import { lastDays, recordedShare } from "./week";

const ROW = { first: 4, pitch: 22, height: 15 };
/** Where the days' names end and their time begins, in percent of the width. */
const NAMES_PERCENT = 20;
const QUARTERS = [0, 6, 12, 18, 24];
const TOLD_MAX = 5;
const HAS_FOOTAGE: readonly LegalState[] = ["in_service", "suspended", "retired"];

/** What a camera recorded over its last seven days, absences and holds told below in words. */
export function WeekCard({ camera }: { camera: Camera }) {
  const has = HAS_FOOTAGE.includes(camera.legal.state);
  const query = useQuery(timelineQuery(has ? camera.id : "", "main"));
  const timeline = query.data;
  if (!has || query.isError) return null;
  const days = lastDays(timeline?.nowUs ?? nowUs());
  const whole = { fromUs: days[0]?.fromUs ?? 0, toUs: days.at(-1)?.toUs ?? 0 };
  const share = timeline && recordedShare(timeline, whole);
  const percent = share === undefined ? "" : formatShare(share);
  return (
    <Card
      title={<Trans>Sept derniers jours</Trans>}
      aside={share === undefined ? null : <Trans>{percent} enregistré</Trans>}
    >
      {timeline === undefined ? (
        <Loading />
      ) : (
        <>
          <Patterns />
          <Days timeline={timeline} days={days} percent={percent} />
          <Told timeline={timeline} whole={whole} camera={camera} />
        </>
      )}
    </Card>
  );
}

function Days({ timeline, days, percent }: { timeline: CameraTimeline; days: Stretch[]; percent: string }) {
  const { t } = useLingui();
  const bottom = ROW.first + days.length * ROW.pitch;
  const label =
    percent === "" ? t`Rien d’enregistré ces sept jours` : t`Enregistrement par jour : ${percent} en tout`;
  return (
    <svg className="tl" height={bottom + 18} role="img" aria-label={label}>
      {days.map((day, at) => {
        const y = ROW.first + at * ROW.pitch;
        return (
          <g key={day.fromUs}>
            <text x="0%" y={y + ROW.height - 3} className="t1">
              {formatWeekday(day.fromUs)}
            </text>
            {/* biome-ignore lint/a11y/noSvgWithoutTitle: it is a part of the drawing, whose name is above */}
            <svg
              x={inPercent(NAMES_PERCENT)}
              y={y}
              width={inPercent(100 - NAMES_PERCENT)}
              height={ROW.height}
            >
              <rect width="100%" height={ROW.height} className="lane" />
              <TimeBars timeline={timeline} view={day} y={0} height={ROW.height} />
              {timeline.holds.map((hold) => {
                const band = visible(hold, day);
                if (band === undefined) return null;
                const place = { x: inPercent(band.x), width: inPercent(Math.max(0.3, band.width)) };
                return <rect key={hold.id} {...place} height="4" className="hold" />;
              })}
            </svg>
          </g>
        );
      })}
      {QUARTERS.map((hour) => (
        <text
          key={hour}
          x={inPercent(NAMES_PERCENT + (hour / 24) * (100 - NAMES_PERCENT))}
          y={bottom + 12}
          textAnchor={hour === 24 ? "end" : "middle"}
        >
          {t`${hour} h`}
        </text>
      ))}
    </svg>
  );
}

/** The latest absences and the holds, newest first; who may look at footage goes there by them. */
function Told({ timeline, whole, camera }: { timeline: CameraTimeline; whole: Stretch; camera: Camera }) {
  const words = useCauseWords();
  const replays = useRole("officer", "chief", "mayor", "deputy", "csu_operator");
  const absences = timeline.absences.filter((each) => overlaps(each, whole)).reverse();
  const holds = timeline.holds.filter((each) => overlaps(each, whole));
  const others = absences.length - TOLD_MAX;
  if (absences.length + holds.length === 0) return null;
  return (
    <ul className="small dim stack-s">
      {absences.slice(0, TOLD_MAX).map((each) => {
        const [when, cause, length] = [
          formatDateTime(each.fromUs),
          words(each.cause),
          formatDuration(each.toUs - each.fromUs),
        ];
        return (
          <li key={each.fromUs}>
            {replays ? (
              <Link to="/relecture" search={{ camera: camera.id, t: Math.round(each.fromUs) } as never}>
                {when}
              </Link>
            ) : (
              when
            )}{" "}
            : {cause}, {length}
          </li>
        );
      })}
      {others > 0 ? (
        <li>
          <Trans>et {others} absences plus anciennes</Trans>
        </li>
      ) : null}
      {holds.map((each) => {
        const [name, span] = [each.label, formatSpan(each.fromUs, each.toUs)];
        return (
          <li key={each.id}>
            {name === "" ? (
              <Trans>Gel : {span}</Trans>
            ) : (
              <Trans>
                Gel {name} : {span}
              </Trans>
            )}
          </li>
        );
      })}
    </ul>
  );
}
