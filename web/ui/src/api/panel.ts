/** What a commune's street panel leads to (P-80). */
import { queryOptions } from "@tanstack/react-query";
import { as, get } from "./client";

export interface PanelCode {
  /** The public page's address; empty while the service's own is not set. */
  address: string;
  /** The same as a QR code: an SVG as a data: address. */
  code: string;
}

export const panelQuery = (commune: string) =>
  queryOptions({
    queryKey: ["panel", commune],
    queryFn: ({ signal }) =>
      as<PanelCode>(get("/public/communes/{commune}/panel", { path: { commune } }, signal)),
  });
