import { type PointerEvent, type ReactNode, useEffect, useRef } from "react";
import type { Stretch } from "../../timeline/timelineApi";
import { instantAt, pan, percent, zoom } from "../../timeline/timelineView";

const DRAG_PIXELS = 4;
/** A drag that begins so close to the position moves the position; elsewhere it moves the view. */
const HEAD_PIXELS = 36;

interface SliderProps {
  label: string;
  spoken: string;
  view: Stretch;
  onView: (view: Stretch) => void;
  us: number;
  onSeek: (us: number) => void;
  /** While the position is dragged: the instant under the pointer, undefined once it is let go. */
  onScrub?: ((us: number | undefined, clientX: number) => void) | undefined;
  children: ReactNode;
}

interface Drag {
  x: number;
  view: Stretch;
  moved: boolean;
  ofHead: boolean;
}

/** The slider of a timeline: wheel and drag for the view, click and drag of the head for the position. */
export function TimelineSlider(props: SliderProps) {
  const { label, spoken, view, onView, us, onSeek, onScrub, children } = props;
  const box = useRef<HTMLDivElement>(null);
  const drag = useRef<Drag | undefined>(undefined);
  // React's wheel listeners are passive: the page would scroll while the timeline zooms.
  useEffect(() => {
    const element = box.current;
    const onWheel = (event: WheelEvent): void => {
      event.preventDefault();
      onView(zoom(view, instantAt(fractionOf(element, event.clientX), view), event.deltaY > 0 ? 1.25 : 0.8));
    };
    element?.addEventListener("wheel", onWheel, { passive: false });
    return () => element?.removeEventListener("wheel", onWheel);
  }, [view, onView]);
  const onPointerDown = (event: PointerEvent): void => {
    const bounds = event.currentTarget.getBoundingClientRect();
    const headX = bounds.left + (percent(us, view) / 100) * bounds.width;
    const ofHead = onScrub !== undefined && Math.abs(event.clientX - headX) < HEAD_PIXELS;
    drag.current = { x: event.clientX, view, moved: false, ofHead };
    event.currentTarget.setPointerCapture(event.pointerId);
  };
  const onPointerMove = (event: PointerEvent): void => {
    const from = drag.current;
    if (from === undefined) return;
    const byPixels = event.clientX - from.x;
    from.moved ||= Math.abs(byPixels) > DRAG_PIXELS;
    if (!from.moved) return;
    if (from.ofHead) onScrub?.(instantAt(fractionOf(box.current, event.clientX), view), event.clientX);
    else onView(pan(from.view, -byPixels / (box.current?.clientWidth ?? 1)));
  };
  const onPointerUp = (event: PointerEvent): void => {
    const from = drag.current;
    if (from?.moved === false || from?.ofHead)
      onSeek(instantAt(fractionOf(box.current, event.clientX), view));
    letGo();
  };
  const letGo = (): void => {
    if (drag.current?.ofHead) onScrub?.(undefined, 0);
    drag.current = undefined;
  };
  return (
    <div
      ref={box}
      className="slider"
      role="slider"
      tabIndex={0}
      aria-label={label}
      aria-valuemin={Math.round(Math.min(view.fromUs, us) / 1e6)}
      aria-valuemax={Math.round(Math.max(view.toUs, us) / 1e6)}
      aria-valuenow={Math.round(us / 1e6)}
      aria-valuetext={spoken}
      onPointerDown={onPointerDown}
      onPointerMove={onPointerMove}
      onPointerUp={onPointerUp}
      onPointerCancel={letGo}
    >
      {children}
    </div>
  );
}

function fractionOf(element: HTMLElement | null, clientX: number): number {
  const bounds = element?.getBoundingClientRect();
  return bounds === undefined ? 0.5 : Math.min(1, Math.max(0, (clientX - bounds.left) / bounds.width));
}
