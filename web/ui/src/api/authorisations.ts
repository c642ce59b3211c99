/** Prefectural orders, changes of what they were given for, and the CNIL commitment. */
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
  /** The renewal's file is to be prepared (P-21); false once another order replaces this one. */
  renew?: boolean;
  /** Services of the State that the order opens an access to, and under which modalities (P-50). */
  recipients?: { id: string; fr: string; en: string }[];
  modalities?: string;
  regime?: "voie_publique" | "lieu_ouvert";
  withdrawn_us?: number | null;
  withdrawn_ref?: string;
  replaces?: string | null;
  document_sha256?: string;
}

/** A change of what the order was given for: its camera is dark until it is under another one (P-27). */
export interface Modification {
  id: string;
  camera: string;
  fr: string;
  en: string;
  declared_us: number;
}

export interface Authorisations {
  orders: Order[];
  cnil: { reference: string; date_us: number } | null;
  /** What the public page says of the commune; empty where nothing was set. */
  public: { controller: string; officer: string; rights: string };
  modifications?: Modification[];
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
  regime: string;
  /** The order that this one renews or changes (P-21, P-27). */
  replaces: string | null;
  provisional: boolean;
  ground: string;
  event_end: number | null;
  recipients: string[];
  modalities: string;
  /** Of the signed text, which stays at the town hall. */
  document_sha256: string;
}

export const recordOrder = (commune: string, order: NewOrder) =>
  post("/communes/{commune}/authorisations", { path: { commune }, body: order });
/** The préfet takes an order back: from that instant its cameras stop (P-27). */
export const withdrawOrder = (commune: string, order: string, reference: string, date: number) =>
  post("/communes/{commune}/authorisations/{order}/withdraw", {
    path: { commune, order },
    body: { reference, date },
  });
export const recordCnil = (commune: string, reference: string, date: number) =>
  post("/communes/{commune}/cnil", { path: { commune }, body: { reference, date } });

export const informPublic = (commune: string, told: Authorisations["public"]) =>
  post("/communes/{commune}/information", { path: { commune }, body: told });
