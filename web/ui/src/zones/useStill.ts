import { type RefObject, useCallback, useRef, useState } from "react";

export interface Still {
  canvas: RefObject<HTMLCanvasElement | null>;
  taken: boolean;
  /** Copies the picture on screen into the canvas; false when there is none. */
  take: (container: HTMLElement | null) => boolean;
  drop: () => void;
}

/** The still of a framing session: pixels of one canvas of this page, and nowhere else (P-57). */
export function useStill(): Still {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [taken, setTaken] = useState(false);
  const take = useCallback((container: HTMLElement | null): boolean => {
    const video = container?.querySelector("video");
    const target = canvas.current;
    if (!video || target === null || video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) return false;
    target.width = video.videoWidth;
    target.height = video.videoHeight;
    target.getContext("2d")?.drawImage(video, 0, 0);
    setTaken(true);
    return true;
  }, []);
  const drop = useCallback(() => {
    const target = canvas.current;
    // A canvas of another size has no pixels left.
    if (target !== null) target.width = target.height = 1;
    setTaken(false);
  }, []);
  return { canvas, taken, take, drop };
}
