import { Trans, useLingui } from "@lingui/react/macro";
import { Link } from "@tanstack/react-router";
import { SearchX } from "lucide-react";
import { buttonClass } from "../parts/Button";
import { Void } from "../parts/Void";
import { useTitle } from "../shell/Page";

/** An address that leads nowhere. */
export function NotFoundPage() {
  const { t } = useLingui();
  useTitle(t`Page introuvable`);
  return (
    <main className="page" id="contenu">
      <Void
        icon={SearchX}
        level={1}
        title={<Trans>Cette page n’existe pas</Trans>}
        actions={
          <Link className={buttonClass({ size: "s" })} to="/">
            <Trans>Aller à l’accueil</Trans>
          </Link>
        }
      >
        <p>
          <Trans>
            Vérifiez l’adresse. Une demande ou une caméra d’une autre commune ne s’ouvre pas d’ici.
          </Trans>
        </p>
      </Void>
    </main>
  );
}
