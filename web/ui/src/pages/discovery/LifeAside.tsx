import { Trans, useLingui } from "@lingui/react/macro";
import { Lock } from "lucide-react";
import { Card, RuleTag, type Step, Steps } from "../../parts";

/** The way of a camera: four steps without image, the gate of the law, then framing and acceptance. */
export function LifeAside({ stage }: { stage: "describe" | "check" | "enrolled" }) {
  const { t } = useLingui();
  const at = { describe: 0, check: 1, enrolled: 4 }[stage];
  const before: { key: string; label: string; detail: string }[] = [
    { key: "identify", label: t`Identifier`, detail: t`Série, MAC et clé relevées` },
    {
      key: "accounts",
      label: t`Remplacer les comptes`,
      detail: t`Trois comptes au coffre, mot de passe d’usine retiré`,
    },
    { key: "harden", label: t`Heure, chiffrement, durcissement`, detail: t`Horloge, microphone, découverte` },
    { key: "profiles", label: t`Choisir les profils`, detail: t`Valeurs réglées, sans image` },
  ];
  const steps: Step[] = before.map((step, index) => ({
    ...step,
    state: index < at ? "done" : index === at ? "current" : "todo",
  }));
  const after: Step[] = [
    {
      key: "frame",
      label: t`Cadrer et délimiter les zones`,
      detail: t`Séance ouverte par une personne habilitée`,
      state: "todo",
    },
    {
      key: "measure",
      label: t`Réceptionner`,
      detail: t`Image, débit, horloge, masques, panneau`,
      state: "todo",
    },
    { key: "serve", label: t`Mettre en service`, detail: t`Le préfet est informé avant`, state: "todo" },
  ];
  return (
    <Card title={<Trans>Étapes</Trans>}>
      <h3>
        <Trans>Maintenant, sans image</Trans>
      </h3>
      <Steps vertical steps={steps} label={t`Étapes avant l’autorisation`} />
      <div className="gate">
        <Lock className="ic" aria-hidden />
        <b className="strong">
          <Trans>Autorisation préfectorale</Trans>
        </b>
        <span className="dim">
          <Trans>Aucune image avant l’arrêté, même pour vous.</Trans> <RuleTag rule="P-20" />
        </span>
      </div>
      <h3>
        <Trans>Après l’autorisation, sur place</Trans>
      </h3>
      <Steps vertical from5 steps={after} label={t`Étapes après l’autorisation`} />
    </Card>
  );
}
