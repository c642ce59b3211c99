import { useLingui } from "@lingui/react/macro";
import {
  type Dispatch,
  type KeyboardEvent,
  type PointerEvent,
  type RefObject,
  useRef,
  useState,
} from "react";
import { type Act, type Drawing, letterOf } from "./drawing";
import { Magnifier } from "./Magnifier";
import { clamped, inside, type Point } from "./polygon";
import { useReasonWords } from "./zoneWords";

export type Tool = "draw" | "move";

const GRAB_PIXELS = 24;
const BIG_STEP_PIXELS = 10;

interface CanvasProps {
  drawing: Drawing;
  act: Dispatch<Act>;
  tool: Tool;
  /** Zones as they will be seen: opaque. */
  result: boolean;
  size: { width: number; height: number };
  picture: RefObject<HTMLElement | null>;
  onSay: (text: string) => void;
}

/** The drawing over the picture: click or Enter sets a point, arrows move by a pixel, Delete takes away. */
export function Canvas({ drawing, act, tool, result, size, picture, onSay }: CanvasProps) {
  const { t } = useLingui();
  const [cross, setCross] = useState<Point>([0.5, 0.5]);
  const [touching, setTouching] = useState<Point>();
  const grabbed = useRef(false);
  const svg = useRef<SVGSVGElement>(null);
  const active = drawing.zones[drawing.zone]?.points[drawing.point];

  const pointAt = (event: PointerEvent): Point => {
    const box = svg.current?.getBoundingClientRect();
    if (box === undefined) return [0, 0];
    return clamped([(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height]);
  };
  /** The vertex under the pointer, of any zone. */
  const vertexAt = (at: Point): { zone: number; point: number } | undefined => {
    const box = svg.current?.getBoundingClientRect();
    if (box === undefined) return undefined;
    let nearest: { zone: number; point: number; distance: number } | undefined;
    drawing.zones.forEach((zone, index) => {
      zone.points.forEach(([x, y], point) => {
        const distance = Math.hypot((x - at[0]) * box.width, (y - at[1]) * box.height);
        if (distance < (nearest?.distance ?? GRAB_PIXELS)) nearest = { zone: index, point, distance };
      });
    });
    return nearest;
  };
  const add = (at: Point): void => {
    act({ do: "add-point", at });
    const number = drawing.zone < 0 ? 1 : drawing.point + 2;
    onSay(t`Point ${number} posé.`);
  };
  const onPointerDown = (event: PointerEvent): void => {
    if (event.button !== 0) return;
    event.currentTarget.setPointerCapture(event.pointerId);
    const at = pointAt(event);
    setCross(at);
    setTouching(event.pointerType === "mouse" ? undefined : at);
    if (tool === "draw") return;
    const vertex = vertexAt(at);
    if (vertex === undefined) return;
    act({ do: "select", zone: vertex.zone, point: vertex.point });
    grabbed.current = false;
  };
  const onPointerMove = (event: PointerEvent): void => {
    if (!event.currentTarget.hasPointerCapture(event.pointerId)) return;
    const at = pointAt(event);
    setCross(at);
    if (event.pointerType !== "mouse") setTouching(at);
    if (tool !== "move" || active === undefined) return;
    act({ do: "move-point", to: at, gesture: grabbed.current });
    grabbed.current = true;
  };
  const onPointerUp = (event: PointerEvent): void => {
    if (!event.currentTarget.hasPointerCapture(event.pointerId)) return;
    setTouching(undefined);
    if (tool === "draw") add(pointAt(event));
    grabbed.current = false;
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey) {
      if (event.key.toLowerCase() === "z") act({ do: event.shiftKey ? "redo" : "undo" });
      else if (event.key.toLowerCase() === "y") act({ do: "redo" });
      else return;
      event.preventDefault();
      return;
    }
    const step = event.shiftKey ? BIG_STEP_PIXELS : 1;
    const by: Record<string, Point> = {
      ArrowLeft: [-step / size.width, 0],
      ArrowRight: [step / size.width, 0],
      ArrowUp: [0, -step / size.height],
      ArrowDown: [0, step / size.height],
    };
    const way = by[event.key];
    if (way !== undefined) {
      if (tool === "move" && active !== undefined) {
        act({ do: "move-point", to: [active[0] + way[0], active[1] + way[1]], gesture: false });
      } else setCross(inside([cross[0] + way[0], cross[1] + way[1]])); // unrounded: steps would add up their rounding
    } else if (event.key === "Enter" && tool === "draw") add(cross);
    else if (event.key === "Delete" || event.key === "Backspace") {
      act({ do: "remove-point" });
      onSay(t`Point ôté.`);
    } else if (event.key === "PageDown" || event.key === "PageUp") cycle(event.key === "PageDown" ? 1 : -1);
    else return;
    event.preventDefault();
  };
  /** The next point of the drawing, from zone to zone. */
  const cycle = (direction: 1 | -1): void => {
    const all = drawing.zones.flatMap((zone, index) =>
      zone.points.map((_, point) => ({ zone: index, point })),
    );
    const at = all.findIndex((each) => each.zone === drawing.zone && each.point === drawing.point);
    const next = all[(at + direction + all.length) % all.length];
    if (next === undefined) return;
    act({ do: "select", zone: next.zone, point: next.point });
    const [zone, point] = [letterOf(next.zone), next.point + 1];
    onSay(t`Zone ${zone}, point ${point}.`);
  };
  const count = drawing.zones.length;
  return (
    <>
      <svg
        ref={svg}
        className={`drawing tool-${tool}`}
        // The drawing has the picture's proportions, so the stage around it takes them too.
        viewBox={`0 0 ${size.width} ${size.height}`}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a drawing surface; its keys are said beside it
        tabIndex={0}
        role="application"
        aria-label={t`Tracé des zones privées : ${count} zones. Flèches pour le viseur, Entrée pour poser un point.`}
        onPointerDown={onPointerDown}
        onPointerMove={onPointerMove}
        onPointerUp={onPointerUp}
        onPointerCancel={() => setTouching(undefined)}
        onKeyDown={onKeyDown}
      >
        {drawing.zones.map((_, index) => (
          <ZoneShape key={letterOf(index)} drawing={drawing} index={index} result={result} size={size} />
        ))}
        {result ? null : <Vertices drawing={drawing} size={size} />}
        {tool === "draw" && !result ? <Cross at={cross} size={size} /> : null}
      </svg>
      <ZoneNames drawing={drawing} />
      {touching === undefined ? null : <Magnifier picture={picture} at={touching} />}
    </>
  );
}

type Size = CanvasProps["size"];

/** Marks keep their size on screen whatever the camera's definition: drawn for 1600 pixels across. */
const DRAWN_FOR_PIXELS = 1600;

const scaled = (points: readonly Point[], { width, height }: Size): string =>
  points.map(([x, y]) => `${(x * width).toFixed(2)},${(y * height).toFixed(2)}`).join(" ");

interface ZoneShapeProps {
  drawing: Drawing;
  index: number;
  result: boolean;
  size: Size;
}

function ZoneShape({ drawing, index, result, size }: ZoneShapeProps) {
  const points = drawing.zones[index]?.points ?? [];
  const classes = result ? "z z-opaque" : index === drawing.zone ? "z z-on" : "z";
  if (points.length < 3 && !result) return <polyline className="z-draft" points={scaled(points, size)} />;
  return <polygon className={classes} points={scaled(points, size)} />;
}

/** The points of the active zone; those of the others would hide the picture. */
function Vertices({ drawing, size }: { drawing: Drawing; size: Size }) {
  const zone = drawing.zones[drawing.zone];
  const unit = size.width / DRAWN_FOR_PIXELS;
  return zone?.points.map(([x, y], index) => (
    <circle
      // biome-ignore lint/suspicious/noArrayIndexKey: points have no other name than their place
      key={index}
      className={index === drawing.point ? "vertex vertex-on" : "vertex"}
      cx={x * size.width}
      cy={y * size.height}
      r={(index === drawing.point ? 16 : 11) * unit}
    />
  ));
}

function Cross({ at: [x, y], size }: { at: Point; size: Size }) {
  const unit = size.width / DRAWN_FOR_PIXELS;
  const [left, top, gap, arm] = [x * size.width, y * size.height, 15 * unit, 45 * unit];
  const down = `M${left} ${top - gap - arm}v${arm}m0 ${2 * gap}v${arm}`;
  const across = `M${left - gap - arm} ${top}h${arm}m${2 * gap} 0h${arm}`;
  return <path className="cross" d={down + across} />;
}

/** Letter and nature on each zone; drawn apart, so that the words are not stretched with the picture. */
function ZoneNames({ drawing }: { drawing: Drawing }) {
  const words = useReasonWords();
  return (
    <svg className="names" aria-hidden="true">
      {drawing.zones.map((zone, index) => {
        if (zone.points.length < 3) return null;
        const [x, y] = centre(zone.points);
        return (
          <svg
            key={letterOf(index)}
            x={`${x * 100}%`}
            y={`${y * 100}%`}
            overflow="visible"
            aria-hidden="true"
          >
            <text className="zname" textAnchor="middle" dy="4">
              {letterOf(index)} {words[zone.reason]}
            </text>
          </svg>
        );
      })}
    </svg>
  );
}

function centre(points: readonly Point[]): Point {
  const [x, y] = points.reduce(([sumX, sumY], [pointX, pointY]) => [sumX + pointX, sumY + pointY], [
    0, 0,
  ] as Point);
  return [x / points.length, y / points.length];
}
