import { Trans } from "@lingui/react/macro";
import { Link } from "@tanstack/react-router";
import { buttonClass } from "../../parts/Button";

/** The way back to the commune's information of the public. */
export function BackToPublicPage({ commune }: { commune: string }) {
  return (
    <div className="row">
      <Link className={buttonClass({ kind: "quiet" })} to="/information/$commune" params={{ commune }}>
        <Trans>Retour à l’information du public</Trans>
      </Link>
    </div>
  );
}
