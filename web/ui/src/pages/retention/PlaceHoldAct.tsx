import { Trans, useLingui } from "@lingui/react/macro";
import { Lock } from "lucide-react";
import { useState } from "react";
import type { Camera } from "../../api/cameras";
import { placeHold } from "../../api/retention";
import { nowUs, US_PER_S } from "../../i18n/format";
import { ActButton, SelectField, TextField, textOf } from "../../parts";
import { instantOf, ParisInstant, typedOf } from "../../parts/DateFields";
import { useActing } from "../../session/SessionContext";
import { CameraChecks } from "../cameras/CameraChecks";
import { PROCEDURES } from "./procedures";

const HOUR_US = 3600 * US_PER_S;

/** Places a hold: exact cameras and range, procedure, authority, reference (P-32). */
export function PlaceHoldAct({ cameras }: { cameras: readonly Camera[] }) {
  const { t, i18n } = useLingui();
  const { commune } = useActing();
  const [from, setFrom] = useState(() => typedOf(nowUs() - HOUR_US));
  const [to, setTo] = useState(() => typedOf(nowUs()));
  const fromUs = instantOf(from);
  const toUs = instantOf(to);
  return (
    <ActButton
      label={<Trans>Poser un gel</Trans>}
      icon={Lock}
      title={<Trans>Poser un gel</Trans>}
      confirm={<Trans>Geler cette plage</Trans>}
      run={(data) =>
        placeHold(commune, {
          cameras: data.getAll("cameras").map(String),
          from_us: fromUs ?? 0,
          to_us: toUs ?? 0,
          procedure: textOf(data, "procedure"),
          authority: textOf(data, "authority"),
          reference: textOf(data, "reference"),
          requester: textOf(data, "requester"),
        })
      }
      stale={["holds", "retention"]}
      done={t`Gel posé.`}
    >
      <p className="small dim">
        <Trans>Ni gel sans procédure, ni gel sans fin. Il n’ouvre aucune image.</Trans>
      </p>
      <fieldset className="stack-s">
        <legend>
          <Trans>Caméras</Trans>
        </legend>
        <CameraChecks cameras={cameras} />
      </fieldset>
      <ParisInstant legend={<Trans>Du</Trans>} value={from} onChange={setFrom} />
      <ParisInstant
        legend={<Trans>Au</Trans>}
        value={to}
        onChange={setTo}
        error={fromUs !== null && toUs !== null && toUs <= fromUs ? t`La fin doit suivre le début.` : null}
      />
      <SelectField label={t`Procédure`} name="procedure" required>
        {Object.entries(PROCEDURES).map(([id, word]) => (
          <option key={id} value={id}>
            {i18n._(word)}
          </option>
        ))}
      </SelectField>
      <TextField label={t`Autorité`} name="authority" required maxLength={300} autoComplete="off" />
      <TextField
        label={t`Référence`}
        name="reference"
        required
        maxLength={300}
        autoComplete="off"
        help={t`Procès-verbal, n° de parquet ou d’instruction.`}
      />
      <TextField
        label={t`Requérant`}
        name="requester"
        required
        maxLength={300}
        autoComplete="off"
        help={t`Qualité et matricule.`}
      />
    </ActButton>
  );
}
