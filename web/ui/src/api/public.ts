/** What anyone may read of a commune (P-28, P-81). */
import { queryOptions } from "@tanstack/react-query";
import { as, get } from "./client";

interface Words {
  fr: string;
  en: string;
}

export interface PublicPage {
  commune: string;
  name: string;
  controller: string;
  officer: string;
  rights: string;
  cnil_reference: string;
  cameras: number;
  purposes: (Words & { id: string; regime: "rgpd" | "police-justice" })[];
  orders: {
    reference: string;
    prefect: string;
    from_us: number;
    until_us: number;
    max_days: number;
    recipients: Words[];
  }[];
}

export const publicPageQuery = (commune: string) =>
  queryOptions({
    queryKey: ["public", commune],
    queryFn: ({ signal }) => as<PublicPage>(get("/public/communes/{commune}", { path: { commune } }, signal)),
  });
