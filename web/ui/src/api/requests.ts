import { queryOptions } from "@tanstack/react-query";
import type { Role } from "./session";

export const pendingQuery = (commune: string, role: Role) =>
  queryOptions({ queryKey: ["pending", commune, role], queryFn: () => Promise.resolve(0) });
