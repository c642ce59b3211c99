/** Acts that two persons take: what waits for the second, or for its hour, until when it can be stopped. */
import { queryOptions } from "@tanstack/react-query";
import { as, get, post } from "./client";

export interface PendingAct {
  id: string;
  act: string;
  /** What it is on: `hold`, `order`, `camera`…, as the act was asked for. */
  args: Readonly<Record<string, unknown>>;
  asked_by: string;
  asked_us: number;
  confirm_by_us: number;
  confirmed_by: string;
  effective_us: number | null;
  may_confirm: boolean;
  may_stop: boolean;
}

export const pendingActsQuery = (commune: string) =>
  queryOptions({
    queryKey: ["pending-acts", commune],
    queryFn: async ({ signal }) =>
      (
        await as<{ pending: PendingAct[] }>(
          get("/communes/{commune}/pending-acts", { path: { commune } }, signal),
        )
      ).pending,
    refetchInterval: 30_000,
  });

export const confirmAct = (commune: string, pending: string) =>
  post("/communes/{commune}/pending-acts/{pending}/confirm", { path: { commune, pending } });
export const stopAct = (commune: string, pending: string, motive: string) =>
  post("/communes/{commune}/pending-acts/{pending}/stop", { path: { commune, pending }, body: { motive } });

/** Whether what an act answered says that it waits for a second person. */
export const waits = (made: unknown): boolean =>
  typeof made === "object" && made !== null && "pending" in made;
