import type { MessageDescriptor } from "@lingui/core";
import { msg } from "@lingui/core/macro";
import { Trans, useLingui } from "@lingui/react/macro";
import type { Grant } from "../../api/people";
import { RuleTag, SelectField, textOf } from "../../parts";
import { SignedText } from "../../parts/SignedText";

/** Services whose agents may collect without a réquisition; the server has the same list (P-50, P-73). */
const SERVICES: Record<string, MessageDescriptor> = {
  police_nationale: msg`Police nationale`,
  gendarmerie: msg`Gendarmerie nationale`,
  douanes: msg`Douanes`,
};
const LEVELS: Record<string, MessageDescriptor> = {
  departement: msg`Département`,
  region: msg`Région`,
  zone: msg`Zone de défense`,
  national: msg`National`,
};

/** What the chief of service of an agent of the State decided: the town only records it. */
export function ServiceFields() {
  const { t, i18n } = useLingui();
  const options = (words: Record<string, MessageDescriptor>) =>
    Object.entries(words).map(([id, word]) => (
      <option key={id} value={id}>
        {i18n._(word)}
      </option>
    ));
  return (
    <div className="stack-s">
      <div className="form-2">
        <SelectField label={t`Service de l’agent`} name="service">
          {options(SERVICES)}
        </SelectField>
        <SelectField label={t`Niveau du chef de service`} name="level">
          {options(LEVELS)}
        </SelectField>
        <SignedText label={t`Décision signée du chef de service`} required />
      </div>
      <p className="small dim">
        <Trans>
          Le chef de service habilite ; la commune note sa décision. L’accès ne s’ouvre que si l’arrêté cite
          ce service parmi les destinataires et en fixe les modalités.
        </Trans>{" "}
        <RuleTag rule="P-50" />
      </p>
    </div>
  );
}

/** The chief of service's part of an habilitation, as it was filled in. */
export function decidedByService(data: FormData): Pick<Grant, "service" | "level" | "document_sha256"> {
  return {
    service: textOf(data, "service"),
    level: textOf(data, "level"),
    document_sha256: textOf(data, "document_sha256"),
  };
}
