import { Trans, useLingui } from "@lingui/react/macro";
import { Link } from "@tanstack/react-router";
import { Server } from "lucide-react";
import { Brand, Button, buttonClass, RuleTag, Void } from "../../parts";
import { useLeave } from "../../session/SessionGuard";
import { LanguageButton, ThemeButton } from "../../shell/AccountMenu";
import { useTitle } from "../../shell/Page";
import { HostStorageView } from "../storage/HostStorageView";

/** The host's administrator: every right on machines, none on images. No picture exists in this shell. */
export function HostPage() {
  const { t } = useLingui();
  useTitle(t`Hébergement`);
  const leave = useLeave();
  return (
    <main className="pick" id="contenu" tabIndex={-1}>
      <div className="row">
        <span className="brand">
          <Brand />
        </span>
        <span className="push row">
          <Link className={buttonClass({ kind: "quiet", size: "s" })} to="/compte">
            <Trans>Mon compte</Trans>
          </Link>
          <LanguageButton />
          <ThemeButton />
          <Button kind="quiet" size="s" onClick={() => void leave()}>
            <Trans>Se déconnecter</Trans>
          </Button>
        </span>
      </div>
      <Void icon={Server} level={1} title={<Trans>Administration de l’hébergement</Trans>}>
        <p>
          <Trans>
            Vous avez tous les droits sur les machines et aucun sur les images : ni direct, ni relecture, ni
            clé.
          </Trans>{" "}
          <RuleTag rule="P-57" />
        </p>
        <p>
          <Trans>
            Les commandes vms fsck, vms bench et vms audit verify se lancent sur la machine ; aucune ne
            demande ni ne remplace une habilitation.
          </Trans>
        </p>
      </Void>
      <div className="stack">
        <HostStorageView />
      </div>
    </main>
  );
}
