/** Room for footage: the host's volumes, and what each camera or commune takes. */
import { queryOptions } from "@tanstack/react-query";
import { as, get } from "./client";
import type { components } from "./schema";

export type Storage = components["schemas"]["StorageView"];
export type HostStorage = components["schemas"]["HostStorageView"];
export type Volume = components["schemas"]["VolumeView"];
export type CameraStorage = components["schemas"]["CameraStorageView"];
export type CommuneStorage = components["schemas"]["CommuneStorageView"];

const REFRESH_MS = 30_000;

export const storageQuery = (commune: string) =>
  queryOptions({
    queryKey: ["storage", commune],
    queryFn: ({ signal }) => as<Storage>(get("/communes/{commune}/storage", { path: { commune } }, signal)),
    refetchInterval: REFRESH_MS,
  });

export const hostStorageQuery = queryOptions({
  queryKey: ["host-storage"],
  queryFn: ({ signal }) => as<HostStorage>(get("/host/storage", {}, signal)),
  refetchInterval: REFRESH_MS,
});
