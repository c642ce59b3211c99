/** Exceptional openings by two persons: what is asked, open and past, for whoever answers for them (decision 0016). */
import { queryOptions } from "@tanstack/react-query";
import { as, get, post } from "./client";

export interface Emergency {
  id: string;
  state: "asked" | "open" | "over";
  cameras: string[];
  from_us: number;
  to_us: number;
  motive: string;
  asked_by: string;
  confirmed_by: string;
  opened_us: number | null;
  until_us: number | null;
  closed_us: number | null;
}

const REFRESH_MS = 30_000;

export const emergenciesQuery = (commune: string) =>
  queryOptions({
    queryKey: ["emergencies", commune],
    queryFn: ({ signal }) =>
      as<{ now_us: number; emergencies: Emergency[] }>(
        get("/communes/{commune}/emergencies", { path: { commune } }, signal),
      ),
    refetchInterval: REFRESH_MS,
  });

export const closeEmergency = (commune: string, emergency: string, motive: string) =>
  post("/communes/{commune}/emergencies/close", { path: { commune }, body: { emergency, motive } });
