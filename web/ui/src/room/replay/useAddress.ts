import { useNavigate } from "@tanstack/react-router";
import { useEffect } from "react";

const ADDRESS_AFTER_MS = 800;

/** Keeps camera or cameras, instant and speed in the address once the position rests, so that it can be shared and reloaded. */
export function useAddress(
  who: { camera: string } | { cameras: string },
  us: number,
  playing: boolean,
  rate: number,
): void {
  const navigate = useNavigate();
  const [name, ids] = "camera" in who ? ["camera", who.camera] : ["cameras", who.cameras];
  const resting = playing ? undefined : Math.round(us / 1000) * 1000;
  useEffect(() => {
    if (resting === undefined || resting === 0) return undefined;
    const search = { [name]: ids, t: resting, ...(rate === 1 ? {} : { vitesse: rate }) };
    const timer = window.setTimeout(() => {
      void navigate({ to: "/relecture", search: search as never, replace: true, resetScroll: false });
    }, ADDRESS_AFTER_MS);
    return () => window.clearTimeout(timer);
  }, [navigate, name, ids, resting, rate]);
}
