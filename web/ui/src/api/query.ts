import { QueryClient } from "@tanstack/react-query";
import { Problem } from "./problem";

/** Attempts after a failure that may pass; a refusal or a bad input is never tried again. */
const RETRIES_MAX = 2;

/** The page's cache of what it read; nothing of it is stored. */
export function createQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 5_000,
        retry: (count, error) => error instanceof Problem && error.isUnavailable && count < RETRIES_MAX,
      },
      mutations: { retry: false },
    },
  });
}
