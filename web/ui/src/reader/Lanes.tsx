import { Trans, useLingui } from "@lingui/react/macro";
import { formatDuration, formatTime } from "../i18n/format";
import { Cursor } from "../room/replay/Cursor";
import { TimelineSlider } from "../room/replay/TimelineSlider";
import { inPercent, ticks, visible } from "../timeline/timelineView";
import type { Span, Stream } from "./package/manifest";
import { useCause } from "./useCause";
import { keyOf } from "./usePlayer";

const FIRST_ROW_PIXELS = 24;
const ROW_PIXELS = 24;
const BAR_PIXELS = 17;
const AXIS_PIXELS = 24;
/** Under this share of the width a cause has no room inside its bar. */
const WORDS_PERCENT = 12;

interface LanesProps {
  streams: readonly Stream[];
  view: Span;
  onView: (view: Span) => void;
  us: number;
  onSeek: (us: number) => void;
  marks: { inUs: number | undefined; outUs: number | undefined };
}

/** The time of each camera, a row each, under one position: what is recorded, what is absent and why. */
export function Lanes({ streams, view, onView, us, onSeek, marks }: LanesProps) {
  const { t } = useLingui();
  const bottom = FIRST_ROW_PIXELS + streams.length * ROW_PIXELS;
  const present = streams.filter((each) =>
    each.videos.some((span) => us >= span.fromUs && us < span.toUs),
  ).length;
  const missing = streams.length - present;
  const time = formatTime(us, true);
  const { inUs, outUs } = marks;
  const chosen =
    inUs !== undefined && outUs !== undefined ? visible({ fromUs: inUs, toUs: outUs }, view) : undefined;
  return (
    <div className="rows">
      <ul className="row-names" aria-hidden="true">
        {streams.map((stream, at) => (
          <li key={keyOf(stream)}>
            {at + 1} {stream.name}
          </li>
        ))}
      </ul>
      <TimelineSlider
        label={t`Position de lecture`}
        spoken={t`${time} ; caméras enregistrées : ${present}, absentes : ${missing}`}
        view={view}
        onView={onView}
        us={us}
        onSeek={onSeek}
        onScrub={(to) => {
          if (to !== undefined) onSeek(to);
        }}
      >
        <svg className="tl" height={bottom + AXIS_PIXELS} aria-hidden="true">
          {streams.map((stream, at) => (
            <Row key={keyOf(stream)} stream={stream} view={view} y={FIRST_ROW_PIXELS + at * ROW_PIXELS} />
          ))}
          {chosen === undefined ? null : (
            <rect
              x={inPercent(chosen.x)}
              y={FIRST_ROW_PIXELS - 4}
              width={inPercent(chosen.width)}
              height={streams.length * ROW_PIXELS + 2}
              className="sel"
            />
          )}
          <Cursor us={us} view={view} bottom={bottom} />
          {ticks(view).map(({ us: tickUs, x, label }, index) => (
            <g key={tickUs}>
              <line x1={inPercent(x)} x2={inPercent(x)} y1={bottom} y2={bottom + 5} className="tick" />
              <text
                x={inPercent(x)}
                y={bottom + 18}
                className={index % 3 === 0 ? "" : "hide-s"}
                textAnchor={x < 2 ? "start" : x > 98 ? "end" : "middle"}
              >
                {label}
              </text>
            </g>
          ))}
        </svg>
      </TimelineSlider>
    </div>
  );
}

function Row({ stream, view, y }: { stream: Stream; view: Span; y: number }) {
  const words = useCause();
  return (
    <>
      <rect x="0%" y={y} width="100%" height={BAR_PIXELS} className="lane" />
      {stream.videos.map((each) => {
        const at = visible(each, view);
        if (at === undefined) return null;
        return (
          <rect
            key={each.path}
            x={inPercent(at.x)}
            y={y}
            width={inPercent(at.width)}
            height={BAR_PIXELS}
            className="rec"
          />
        );
      })}
      {stream.absences.map((each) => {
        const at = visible(each, view);
        if (at === undefined) return null;
        const bar = { x: inPercent(at.x), y, width: inPercent(at.width), height: BAR_PIXELS };
        const word = `${words(each.cause)}, ${formatDuration(each.toUs - each.fromUs)}`;
        return (
          <g key={each.fromUs}>
            <title>{word}</title>
            <rect {...bar} className="gapbg" />
            <rect {...bar} fill="url(#hat)" />
            {at.width > WORDS_PERCENT ? <GapWord x={at.x + at.width / 2} y={y} word={word} /> : null}
          </g>
        );
      })}
    </>
  );
}

/** Words over a hatching, on a plate of their own so that they can be read. */
function GapWord({ x, y, word }: { x: number; y: number; word: string }) {
  const half = word.length * 3.6;
  return (
    <svg x={inPercent(x)} y={y} overflow="visible" className="hide-s" aria-hidden="true">
      <rect x={-half} y="0.5" width={2 * half} height={BAR_PIXELS - 1} className="gap-plate" rx="2" />
      <text className="t1" y="13" textAnchor="middle">
        {word}
      </text>
    </svg>
  );
}

/** What each drawing means, and the hatching that the drawings refer to. */
export function Legend() {
  const { t } = useLingui();
  return (
    <ul className="legend" aria-label={t`Légende de la frise`}>
      <li>
        <svg aria-hidden="true" className="tl">
          <rect x="4%" y="2" width="92%" height="10" className="rec" />
        </svg>
        <Trans>Enregistré</Trans>
      </li>
      <li>
        <svg aria-hidden="true" className="tl">
          <defs>
            <pattern
              id="hat"
              width="8"
              height="8"
              patternUnits="userSpaceOnUse"
              patternTransform="rotate(45)"
            >
              <path className="hat" d="M0 0V8" />
            </pattern>
          </defs>
          <rect x="4%" y="2" width="92%" height="10" className="gapbg" />
          <rect x="4%" y="2" width="92%" height="10" fill="url(#hat)" />
        </svg>
        <Trans>Absence, avec sa cause</Trans>
      </li>
      <li>
        <svg aria-hidden="true" className="tl">
          <rect x="4%" y="2" width="92%" height="10" className="sel" />
        </svg>
        <Trans>Séquence choisie</Trans>
      </li>
    </ul>
  );
}
