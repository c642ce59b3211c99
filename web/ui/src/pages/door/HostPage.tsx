import { Trans, useLingui } from "@lingui/react/macro";
import { Link } from "@tanstack/react-router";
import { Server } from "lucide-react";
import { Button, buttonClass, RuleTag, Void } from "../../parts";
import { useLeave } from "../../session/SessionGuard";
import { LanguageButton, ThemeButton } from "../../shell/AccountMenu";
import { OutsidePage } from "../../shell/OutsidePage";
import { HostStorageView } from "../storage/HostStorageView";

/** The host's administrator: every right on machines, none on images. No picture exists in this shell. */
export function HostPage() {
  const { t } = useLingui();
  const leave = useLeave();
  return (
    <OutsidePage
      title={t`Hébergement`}
      acts={
        <>
          <Link className={buttonClass({ kind: "quiet", size: "s" })} to="/compte">
            <Trans>Mon compte</Trans>
          </Link>
          <LanguageButton />
          <ThemeButton />
          <Button kind="quiet" size="s" onClick={() => void leave()}>
            <Trans>Se déconnecter</Trans>
          </Button>
        </>
      }
    >
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
    </OutsidePage>
  );
}
