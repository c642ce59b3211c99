import { Trans, useLingui } from "@lingui/react/macro";
import { useQuery } from "@tanstack/react-query";
import { TriangleAlert } from "lucide-react";
import { type Camera, declareChange } from "../../api/cameras";
import { termsQuery } from "../../api/pooling";
import { ActButton, MOTIVE_MAX_CHARS, RuleTag, SelectField, TextField, textOf } from "../../parts";
import { useRole } from "../../session/SessionContext";
import { wordsOf } from "../pooling/words";

/** Declares that what the order was given for has changed; nothing for a camera under no order (P-27). */
export function ChangeAct({ camera }: { camera: Camera }) {
  const { t } = useLingui();
  const declares = useRole("installer", "officer", "chief", "mayor", "deputy");
  const terms = useQuery(termsQuery).data;
  if (!declares || !camera.legal.order || !terms) return null;
  return (
    <ActButton
      label={<Trans>Déclarer une modification…</Trans>}
      icon={TriangleAlert}
      size="s"
      danger
      title={<Trans>Déclarer une modification</Trans>}
      confirm={<Trans>Déclarer et arrêter la caméra</Trans>}
      run={(data) => declareChange(camera.commune, camera.id, textOf(data, "kind"), textOf(data, "motive"))}
      stale={["camera", "cameras", "authorisations"]}
      done={t`Modification déclarée : la caméra attend son nouvel arrêté.`}
    >
      <p className="small">
        <Trans>
          L’arrêté ne couvre plus la caméra : en moins de 5 s, plus de direct ni d’enregistrement, jusqu’à un
          nouvel arrêté du préfet. Ce qui existe suit son terme.
        </Trans>{" "}
        <RuleTag rule="P-27" />
      </p>
      <SelectField label={t`Ce qui change`} name="kind">
        {Object.entries(terms.modifications).map(([id, one]) => (
          <option key={id} value={id}>
            {wordsOf(one, id)}
          </option>
        ))}
      </SelectField>
      <TextField
        label={t`Précision (facultatif)`}
        name="motive"
        maxLength={MOTIVE_MAX_CHARS}
        autoComplete="off"
      />
    </ActButton>
  );
}
