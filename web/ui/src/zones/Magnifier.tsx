import { type RefObject, useEffect, useRef } from "react";
import type { Point } from "./polygon";

const SIZE_PIXELS = 120;
const ENLARGED = 3;

interface MagnifierProps {
  picture: RefObject<HTMLElement | null>;
  at: Point;
}

/** What the finger hides, three times as large, in the corner away from it. */
export function Magnifier({ picture, at }: MagnifierProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [x, y] = at;
  useEffect(() => {
    const still = picture.current?.querySelector<HTMLCanvasElement>("canvas.still:not([hidden])");
    const source = still ?? picture.current?.querySelector("video");
    const context = canvas.current?.getContext("2d");
    if (!source || !context) return;
    const width = source instanceof HTMLVideoElement ? source.videoWidth : source.width;
    const height = source instanceof HTMLVideoElement ? source.videoHeight : source.height;
    const shownWidth = picture.current?.clientWidth ?? width;
    const span = (SIZE_PIXELS / ENLARGED) * (width / shownWidth);
    context.fillStyle = "#000";
    context.fillRect(0, 0, SIZE_PIXELS, SIZE_PIXELS);
    context.drawImage(
      source,
      x * width - span / 2,
      y * height - span / 2,
      span,
      span,
      0,
      0,
      SIZE_PIXELS,
      SIZE_PIXELS,
    );
    context.strokeStyle = "#ffd45c";
    context.lineWidth = 2;
    const middle = SIZE_PIXELS / 2;
    context.strokeRect(middle - 4, middle - 4, 8, 8);
    for (const [fromX, fromY, toX, toY] of [
      [0, middle, middle - 8, middle],
      [middle + 8, middle, SIZE_PIXELS, middle],
      [middle, 0, middle, middle - 8],
      [middle, middle + 8, middle, SIZE_PIXELS],
    ] as const) {
      context.beginPath();
      context.moveTo(fromX, fromY);
      context.lineTo(toX, toY);
      context.stroke();
    }
  }, [picture, x, y]);
  const corner = x < 0.5 ? "mag-right" : "mag-left";
  return (
    // biome-ignore lint/a11y/noAriaHiddenOnFocusable: a canvas without tabindex takes no focus
    <canvas
      ref={canvas}
      className={`mag ${corner}`}
      width={SIZE_PIXELS}
      height={SIZE_PIXELS}
      aria-hidden="true"
    />
  );
}
