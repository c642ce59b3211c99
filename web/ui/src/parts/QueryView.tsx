import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { ErrorState } from "./Refusal";
import { Loading } from "./Void";

interface QueryViewProps<T> {
  query: UseQueryResult<T>;
  /** Shown instead of `children` when there is nothing. */
  empty?: ReactNode;
  isEmpty?: (data: T) => boolean;
  loading?: ReactNode;
  /** Of the heading that says what failed: 2 where it stands right below the page's title. */
  level?: 2 | 3;
  children: (data: T) => ReactNode;
}

/** The four states of what a page reads: loading, failed or refused, empty, there. */
export function QueryView<T>({ query, empty, isEmpty, loading, level, children }: QueryViewProps<T>) {
  if (query.data !== undefined) {
    return empty !== undefined && isEmpty?.(query.data) ? empty : children(query.data);
  }
  if (query.isError) {
    return (
      <ErrorState error={query.error} onRetry={() => void query.refetch()} {...(level ? { level } : {})} />
    );
  }
  return loading ?? <Loading />;
}
