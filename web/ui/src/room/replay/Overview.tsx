import { Trans, useLingui } from "@lingui/react/macro";
import type { MouseEvent } from "react";
import { formatDate, formatDateTime, US_PER_S } from "../../i18n/format";
import { TimeBars } from "../../timeline/TimeBars";
import type { CameraTimeline, Stretch } from "../../timeline/timelineApi";
import { inPercent, instantAt, percent, visible } from "../../timeline/timelineView";

const DAY_US = 86_400 * US_PER_S;
/** What lies before the limit is drawn too, so that the limit is seen as one. */
const BEFORE_DAYS = 4;

interface OverviewProps {
  timeline: CameraTimeline;
  view: Stretch;
  onSeek: (us: number) => void;
}

/** All that is kept, from before the retention's limit to now, and where the view stands in it. */
export function Overview({ timeline, view, onSeek }: OverviewProps) {
  const { t } = useLingui();
  const limitUs =
    timeline.destroyedBeforeUs > 0 ? timeline.destroyedBeforeUs : timeline.nowUs - timeline.dueDays * DAY_US;
  const whole = { fromUs: limitUs - BEFORE_DAYS * DAY_US, toUs: timeline.nowUs };
  const limit = percent(limitUs, whole);
  const window = visible(view, whole);
  const [from, to] = [formatDate(limitUs), formatDate(timeline.nowUs)];
  const days = timeline.dueDays;
  const onClick = (event: MouseEvent<SVGSVGElement>): void => {
    const bounds = event.currentTarget.getBoundingClientRect();
    onSeek(instantAt((event.clientX - bounds.left) / bounds.width, whole));
  };
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: by keyboard, "Aller à…" and Home/End of the slider do the same
    <svg
      className="tl overview"
      height="48"
      role="img"
      onClick={onClick}
      aria-label={t`Conservation : du ${from} au ${to}, ${days} jours ; avant, tout est détruit`}
    >
      <rect x="0%" y="8" width="100%" height="16" className="lane" rx="2" />
      <rect x="0%" y="8" width={inPercent(limit)} height="16" className="gone" fill="url(#dots)" />
      <TimeBars timeline={timeline} view={whole} y={8} height={16} leastPercent={0.1} />
      {timeline.holds.map((each) => {
        const at = visible(each, whole);
        if (at === undefined) return null;
        const width = inPercent(Math.max(0.3, at.width));
        return (
          <rect key={each.id} x={inPercent(at.x)} y="3" width={width} height="26" className="hold" rx="2" />
        );
      })}
      <line x1={inPercent(limit)} x2={inPercent(limit)} y1="0" y2="32" className="due" />
      <text x={inPercent(limit + 0.5)} y="44" className="duet hide-s">
        {t`${formatDateTime(limitUs)} : tout ce qui précède est détruit (${days} jours)`}
      </text>
      <text x="100%" y="44" textAnchor="end">
        <Trans>maintenant</Trans>
      </text>
      {window === undefined ? null : (
        <rect
          x={inPercent(window.x)}
          y="3"
          width={inPercent(Math.max(0.5, window.width))}
          height="26"
          className="window"
          rx="2"
        />
      )}
    </svg>
  );
}

/** What each drawing means. */
export function Legend() {
  const { t } = useLingui();
  const rows: [string, string, string | undefined][] = [
    ["rec", t`Enregistré`, undefined],
    ["back", t`Repris de la carte`, undefined],
    ["gapbg", t`Absence, avec sa cause`, "url(#hat)"],
    ["gapbg2", t`Arrêtée ou coupée`, "url(#hat2)"],
    ["hold", t`Gel`, undefined],
    ["gone", t`Détruit`, "url(#dots)"],
  ];
  return (
    <ul className="legend">
      {rows.map(([name, word, fill]) => (
        <li key={name}>
          <svg aria-hidden="true" className="tl">
            <rect
              x="4%"
              y="2"
              width="92%"
              height="10"
              className={name}
              {...(name === "gone" ? { fill } : {})}
            />
            {fill !== undefined && name !== "gone" ? (
              <rect x="4%" y="2" width="92%" height="10" fill={fill} />
            ) : null}
          </svg>
          {word}
        </li>
      ))}
      <li>
        <svg aria-hidden="true" className="tl">
          <line x1="50%" x2="50%" y1="0" y2="14" className="due" />
        </svg>
        <Trans>Limite de conservation</Trans>
      </li>
    </ul>
  );
}
