import { formatTime } from "../../i18n/format";
import type { Stretch } from "./timelineApi";
import { percent } from "./timelineView";

export const inPercent = (value: number): string => `${value.toFixed(3)}%`;

/** The position on a timeline, with its time, down to `bottom` pixels. */
export function Cursor({ us, view, bottom = 80 }: { us: number; view: Stretch; bottom?: number }) {
  const at = percent(us, view);
  if (at < 0 || at > 100) return null;
  return (
    <>
      <line x1={inPercent(at)} x2={inPercent(at)} y1="16" y2={bottom} className="head" />
      <svg x={inPercent(at)} y="0" overflow="visible" aria-hidden="true">
        <rect className="headb" x="-34" width="68" height="18" rx="3" />
        <text className="headt" y="13" textAnchor="middle">
          {formatTime(us, true)}
        </text>
      </svg>
    </>
  );
}
