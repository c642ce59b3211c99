import type { RefObject } from "react";
import { formatTime } from "../../i18n/format";

/** Where the position is dragged to. */
export interface Scrubbed {
  us: number;
  clientX: number;
}

const HALF_WIDTH_PIXELS = 124;

/** The still near the pointer while the position is dragged; in this page's memory only. */
export function ScrubStill({
  canvas,
  at,
}: {
  canvas: RefObject<HTMLCanvasElement | null>;
  at: Scrubbed | undefined;
}) {
  const left = Math.min(
    window.innerWidth - HALF_WIDTH_PIXELS,
    Math.max(HALF_WIDTH_PIXELS, at?.clientX ?? HALF_WIDTH_PIXELS),
  );
  return (
    <div
      className="scrub"
      hidden={at === undefined}
      ref={(element) => element?.style.setProperty("inset-inline-start", `${left}px`)}
      aria-hidden="true"
    >
      <canvas ref={canvas} width="1" height="1" />
      <span>{at === undefined ? "" : formatTime(at.us, true)}</span>
    </div>
  );
}
