import { useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { API } from "../api/client";

/** Reads that the stream's `state` event makes stale: streams of cameras, incidents. */
const STALE = ["cameras", "camera", "incidents"] as const;

/** Keeps cameras and incidents up to date for the commune acted for; the browser reconnects the stream by itself. */
export function useServerEvents(commune: string | undefined): void {
  const client = useQueryClient();
  useEffect(() => {
    if (!commune || typeof EventSource === "undefined") return undefined;
    const source = new EventSource(`${API}/events`);
    source.addEventListener("state", () => {
      for (const key of STALE) void client.invalidateQueries({ queryKey: [key] });
    });
    return () => source.close();
  }, [client, commune]);
}
