import { Trans } from "@lingui/react/macro";
import { useQuery } from "@tanstack/react-query";
import { purposesQuery } from "../api/session";
import { purposeWords } from "../session/purposes";
import { useMaybeSession } from "../session/SessionContext";

/** The motive in force, in words. On a phone it stands in the page. */
export function MotiveChip({ className = "" }: { className?: string }) {
  const acting = useMaybeSession()?.acting;
  const purposes = useQuery({ ...purposesQuery, enabled: Boolean(acting?.purpose) });
  if (!acting?.purpose) return null;
  const known = purposes.data?.find((purpose) => purpose.id === acting.purpose);
  const words = known ? purposeWords(known) : acting.purpose;
  return (
    <span className={`chip motive ${className}`.trim()}>
      <span>
        <span className="vh">
          <Trans>Motif :</Trans>{" "}
        </span>
        {words}
        {acting.motive ? ` – ${acting.motive}` : null}
      </span>
    </span>
  );
}
