import { Trans, useLingui } from "@lingui/react/macro";
import { useQuery } from "@tanstack/react-query";
import { Target } from "lucide-react";
import type { Camera } from "../../api/cameras";
import { termsQuery } from "../../api/pooling";
import { setObjective } from "../../api/siting";
import {
  ActButton,
  Card,
  EmptyState,
  Facts,
  RuleTag,
  SelectField,
  StateTag,
  TextField,
  textOf,
} from "../../parts";
import { useRole } from "../../session/SessionContext";
import { wordsOf } from "../pooling/words";

const OUTAGE_MAX_HOURS = 720;

/** What the camera is meant to show and how long it may lack, with what its picture gives for it (T-15). */
export function ObjectiveCard({ camera }: { camera: Camera }) {
  const { t } = useLingui();
  const notes = useRole("installer", "chief", "mayor", "deputy");
  const { objective } = camera.legal;
  return (
    <Card
      title={<Trans>Objectif et indisponibilité admise</Trans>}
      aside={<StateTag state={objective ? "verified" : "todo"}>{objective ? t`Noté` : t`À noter`}</StateTag>}
    >
      {objective ? null : (
        <EmptyState icon={Target} title={<Trans>Objectif non noté</Trans>}>
          <p>
            <Trans>Le dossier de demande et l’analyse d’impact le disent manquant.</Trans>{" "}
            <RuleTag rule="T-15" />
          </p>
        </EmptyState>
      )}
      <Known camera={camera} />
      {notes && camera.legal.state !== "retired" ? (
        <div className="row">
          <ObjectiveAct camera={camera} />
        </div>
      ) : null}
    </Card>
  );
}

/** The objective, and the density, which also tells somebody who has still to choose one. */
function Known({ camera }: { camera: Camera }) {
  const { t } = useLingui();
  const terms = useQuery(termsQuery).data;
  const { objective, position } = camera.legal;
  const { density } = camera;
  if (!objective && !density) return null;
  const level = objective ? terms?.objectives[objective.level] : undefined;
  const asked = level ? ` (${level.px_m} px/m)` : "";
  return (
    <Facts
      items={[
        objective ? { label: t`Objectif`, value: `${wordsOf(level, objective.level)}${asked}` } : null,
        objective ? { label: t`Indisponibilité admise`, value: t`${objective.outage_hours} h` } : null,
        {
          label: t`Densité à la portée`,
          value:
            density && position
              ? t`${density.px_m} px/m à ${position.reach_m} m`
              : t`non calculée : il y faut la position, une image enregistrée et un champ de 120° au plus`,
        },
        typeof density?.holds === "boolean"
          ? {
              label: t`Objectif tenu`,
              value: density.holds ? t`oui` : t`non, trop peu de points`,
            }
          : null,
      ]}
    />
  );
}

function ObjectiveAct({ camera }: { camera: Camera }) {
  const { t } = useLingui();
  const terms = useQuery(termsQuery).data;
  const { objective } = camera.legal;
  if (!terms) return null;
  const run = (data: FormData) =>
    setObjective(camera.commune, camera.id, {
      level: textOf(data, "level"),
      outage_hours: Number(textOf(data, "outage")),
    });
  return (
    <ActButton
      label={objective ? <Trans>Corriger l’objectif…</Trans> : <Trans>Noter l’objectif…</Trans>}
      size="s"
      icon={Target}
      title={<Trans>Objectif et indisponibilité admise</Trans>}
      confirm={<Trans>Enregistrer</Trans>}
      run={run}
      stale={["camera", "cameras", "journal"]}
      done={t`Objectif noté.`}
    >
      <SelectField
        label={t`Objectif`}
        name="level"
        required
        defaultValue={objective?.level ?? ""}
        help={t`Le détail qu’il faut sur ce qui est filmé, à la portée notée : norme IEC 62676-4.`}
      >
        {objective ? null : <option value="">{t`Choisir…`}</option>}
        {Object.entries(terms.objectives).map(([id, one]) => (
          <option key={id} value={id}>
            {`${wordsOf(one, id)} (${one.px_m} px/m)`}
          </option>
        ))}
      </SelectField>
      <TextField
        label={t`Indisponibilité admise, en heures`}
        name="outage"
        required
        type="number"
        inputMode="numeric"
        step={1}
        min={1}
        max={OUTAGE_MAX_HOURS}
        autoComplete="off"
        defaultValue={objective?.outage_hours}
        help={t`Combien de temps de suite la caméra peut manquer.`}
      />
    </ActButton>
  );
}
