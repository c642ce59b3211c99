/** Prefectural orders, the CNIL commitment, and conventions between bodies. */
import { queryOptions } from "@tanstack/react-query";
import { as, get, post } from "./client";
import type { Role } from "./session";

export interface Order {
  id: string;
  reference: string;
  prefect: string;
  from_us: number;
  until_us: number;
  /** When it really ends: earlier than `until_us` for a provisional one. */
  ends_us?: number;
  max_days: number;
  min_days: number | null;
  purposes: string[];
  allowed_roles: Role[];
  cameras: string[];
  provisional?: boolean;
}

export interface Authorisations {
  orders: Order[];
  cnil: { reference: string; date_us: number } | null;
}

export const authorisationsQuery = (commune: string) =>
  queryOptions({
    queryKey: ["authorisations", commune],
    queryFn: ({ signal }) =>
      as<Authorisations>(get("/communes/{commune}/authorisations", { path: { commune } }, signal)),
  });

export interface NewOrder {
  reference: string;
  prefect: string;
  from: number;
  until: number;
  max_days: number;
  min_days: number | null;
  purposes: string[];
  allowed_roles: string[];
  cameras: string[];
}

export const recordOrder = (commune: string, order: NewOrder) =>
  post("/communes/{commune}/authorisations", { path: { commune }, body: order });
export const recordCnil = (commune: string, reference: string, date: number) =>
  post("/communes/{commune}/cnil", { path: { commune }, body: { reference, date } });
