import { Plural, Trans, useLingui } from "@lingui/react/macro";
import { useState } from "react";
import { Button, Card, Check, type CheckItem, Checklist, Refusal, useStepUp } from "../parts";
import { useAttempt } from "../parts/useAttempt";
import type { Drawing } from "./drawing";
import { problemOf } from "./polygon";

interface SaveCardProps {
  drawing: Drawing;
  onSave: (noDwelling: boolean) => Promise<void>;
}

/** What remains before the zones apply, the statement that none is needed, and the one act. */
export function SaveCard({ drawing, onSave }: SaveCardProps) {
  const { t } = useLingui();
  const guarded = useStepUp();
  const [noDwelling, setNoDwelling] = useState(false);
  const { busy, error, attempt } = useAttempt();
  const count = drawing.zones.length;
  const wrong = drawing.zones.filter((zone) => problemOf(zone.points) !== undefined).length;
  const states = noDwelling && count === 0;
  const items: CheckItem[] = [
    {
      key: "drawn",
      state: states || (count > 0 && wrong === 0) ? "ok" : wrong > 0 ? "warn" : "todo",
      label: states ? (
        <Trans>Aucune habitation en vue, vous le déclarez</Trans>
      ) : count === 0 ? (
        <Trans>Zones tracées, ou déclaration qu’il n’en faut pas</Trans>
      ) : (
        <Plural value={count} one="# zone tracée" other="# zones tracées" />
      ),
      detail: wrong > 0 ? <Plural value={wrong} one="# à corriger" other="# à corriger" /> : null,
    },
    {
      key: "second",
      state: "todo",
      label: <Trans>Accord d’une deuxième personne</Trans>,
      detail: <Trans>Qui a tracé ne valide pas ; les zones s’appliquent à cet accord.</Trans>,
      rule: "P-11",
    },
    {
      key: "proof",
      state: "todo",
      label: <Trans>Masquage avant tout enregistrement</Trans>,
      detail: <Trans>Si une zone ne tient pas, la caméra est coupée.</Trans>,
      rule: "P-10",
    },
  ];
  const save = async (): Promise<void> => {
    await attempt(async () => {
      await guarded(() => onSave(states));
    });
  };
  const reason =
    wrong > 0 ? t`Corrigez d’abord le tracé.` : t`Tracez une zone, ou déclarez qu’il n’en faut pas.`;
  const isReady = states || (count > 0 && wrong === 0);
  return (
    <Card dense title={<Trans>Validation</Trans>}>
      {count === 0 ? (
        <Check
          label={<Trans>Aucune habitation, entrée ni jardin privé n’est en vue</Trans>}
          checked={noDwelling}
          onChange={(event) => setNoDwelling(event.currentTarget.checked)}
        />
      ) : null}
      <Checklist items={items} />
      {error ? <Refusal error={error} /> : null}
      <Button
        kind="primary"
        wide
        busy={busy}
        reason={isReady ? undefined : reason}
        onClick={() => void save()}
      >
        <Trans>Enregistrer et faire valider</Trans>
      </Button>
    </Card>
  );
}
