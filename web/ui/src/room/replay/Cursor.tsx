import { formatTime } from "../../i18n/format";
import type { Stretch } from "../../timeline/timelineApi";
import { inPercent, percent } from "../../timeline/timelineView";

const LABEL_PX = 68;
// As far from an edge, half a label still fits on the narrowest screen.
const EDGE_PERCENT = 12;

/** The position on a timeline, with its time, down to `bottom` pixels. */
export function Cursor({ us, view, bottom = 80 }: { us: number; view: Stretch; bottom?: number }) {
  const at = percent(us, view);
  if (at < 0 || at > 100) return null;
  const left = at < EDGE_PERCENT ? 0 : at > 100 - EDGE_PERCENT ? -LABEL_PX : -LABEL_PX / 2;
  return (
    <>
      <line x1={inPercent(at)} x2={inPercent(at)} y1="16" y2={bottom} className="head" />
      <svg x={inPercent(at)} y="0" overflow="visible" aria-hidden="true">
        <rect className="headb" x={left} width={LABEL_PX} height="18" rx="3" />
        <text className="headt" x={left + LABEL_PX / 2} y="13" textAnchor="middle">
          {formatTime(us, true)}
        </text>
      </svg>
    </>
  );
}
