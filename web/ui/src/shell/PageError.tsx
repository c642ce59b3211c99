import { ErrorState } from "../parts/Refusal";

/** What stands where a page failed to load. */
export function PageError({ error, reset }: { error: unknown; reset?: () => void }) {
  return (
    <main className="page" id="contenu">
      <ErrorState error={error} level={1} onRetry={reset ?? (() => window.location.reload())} />
    </main>
  );
}
