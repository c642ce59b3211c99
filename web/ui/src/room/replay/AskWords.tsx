import { Trans } from "@lingui/react/macro";
import { Scissors } from "lucide-react";
import { useRole } from "../../session/SessionContext";

/** What the selection leads to: a request to the town, or an agent of the State's own collection (P-73). */
export function AskWords() {
  const collects = useRole("state_agent");
  return (
    <>
      <Scissors className="ic" aria-hidden />
      {collects ? <Trans>Collecter cette plage</Trans> : <Trans>Demander une extraction</Trans>}
    </>
  );
}

/** From when on the range is held. */
export function HeldFrom() {
  const collects = useRole("state_agent");
  return (
    <p className="cap dim">
      {collects ? (
        <Trans>La plage sera gelée dès l’ouverture de la collecte.</Trans>
      ) : (
        <Trans>La plage sera gelée dès l’enregistrement de la demande.</Trans>
      )}
    </p>
  );
}
