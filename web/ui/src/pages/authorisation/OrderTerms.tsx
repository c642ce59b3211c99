import { Trans, useLingui } from "@lingui/react/macro";
import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { authorisationsQuery, type NewOrder } from "../../api/authorisations";
import { camerasQuery } from "../../api/cameras";
import { termsQuery } from "../../api/pooling";
import { dayEnd } from "../../i18n/format";
import { Check, RuleTag, SelectField, TextArea, textOf } from "../../parts";
import { DateField } from "../../parts/DateFields";
import { SignedText } from "../../parts/SignedText";
import { ROLE_WORDS, ROLES_WITH_IMAGES } from "../../session/roles";
import { useActing } from "../../session/SessionContext";
import { CameraChecks } from "../cameras/CameraChecks";
import { wordsOf } from "../pooling/words";

const MODALITIES_MAX_CHARS = 200;

type Terms = Pick<
  NewOrder,
  | "allowed_roles"
  | "cameras"
  | "regime"
  | "replaces"
  | "provisional"
  | "ground"
  | "event_end"
  | "recipients"
  | "modalities"
  | "document_sha256"
>;

/** What the form says beyond dates and purposes. */
export function termsOf(data: FormData): Terms {
  const all = (name: string) => data.getAll(name).map(String);
  return {
    allowed_roles: all("allowed_roles"),
    cameras: all("cameras"),
    regime: textOf(data, "regime"),
    replaces: textOf(data, "replaces") || null,
    provisional: data.get("provisional") === "on",
    ground: textOf(data, "ground"),
    event_end: textOf(data, "event_end") ? dayEnd(textOf(data, "event_end")) : null,
    recipients: all("recipients"),
    modalities: textOf(data, "modalities"),
    document_sha256: textOf(data, "document_sha256"),
  };
}

/** The rest of an order's text: what it renews, where and to whom it applies, for how long it may fall early. */
export function OrderTerms() {
  const { t, i18n } = useLingui();
  const { commune } = useActing();
  const terms = useQuery(termsQuery).data;
  const cameras = useQuery(camerasQuery(commune)).data ?? [];
  const orders = useQuery(authorisationsQuery(commune)).data?.orders ?? [];
  const replaced = new Set(orders.map((one) => one.replaces));
  const current = orders.filter((one) => !replaced.has(one.id));
  if (!terms) return null;
  return (
    <>
      <SelectField
        label={t`Renouvelle ou remplace`}
        name="replaces"
        help={t`Les caméras de l’ancien passent sous le nouveau à sa date.`}
      >
        <option value="">{t`aucun arrêté`}</option>
        {current.map((one) => (
          <option key={one.id} value={one.id}>
            {one.reference}
          </option>
        ))}
      </SelectField>
      <SelectField label={t`Régime des lieux`} name="regime">
        {Object.entries(terms.regimes).map(([id, one]) => (
          <option key={id} value={id}>
            {wordsOf(one, id)}
          </option>
        ))}
      </SelectField>
      <More title={<Trans>Caméras citées</Trans>} rule="P-20" hint={t`Aucune cochée : toutes.`}>
        <CameraChecks cameras={cameras} />
      </More>
      <More
        title={<Trans>Qualités qui voient</Trans>}
        rule="P-25"
        hint={t`Aucune cochée : celles de la loi.`}
      >
        {ROLES_WITH_IMAGES.map((role) => (
          <Check key={role} name="allowed_roles" value={role} label={i18n._(ROLE_WORDS[role])} />
        ))}
      </More>
      <More
        title={<Trans>Destinataires et modalités</Trans>}
        rule="P-50"
        hint={t`Les services de l’État à qui l’arrêté ouvre un accès, et comment.`}
      >
        {Object.entries(terms.recipients).map(([id, one]) => (
          <Check key={id} name="recipients" value={id} label={wordsOf(one, id)} />
        ))}
        <TextArea label={t`Modalités d’accès`} name="modalities" maxLength={MODALITIES_MAX_CHARS} />
      </More>
      <Provisional grounds={Object.entries(terms.provisional_grounds)} />
      <SignedText label={t`Texte signé (facultatif)`} />
    </>
  );
}

interface MoreProps {
  title: ReactNode;
  rule: string;
  hint: string;
  children: ReactNode;
}

function More({ title, rule, hint, children }: MoreProps) {
  return (
    <details>
      <summary className="strong">{title}</summary>
      <fieldset className="stack-s">
        <legend className="small dim">
          {hint} <RuleTag rule={rule} />
        </legend>
        {children}
      </fieldset>
    </details>
  );
}

function Provisional({ grounds }: { grounds: [string, { fr: string; en: string }][] }) {
  const { t } = useLingui();
  const [provisional, setProvisional] = useState(false);
  const [ground, setGround] = useState("event");
  return (
    <div className="stack-s">
      <Check
        name="provisional"
        label={t`Autorisation provisoire, quatre mois au plus`}
        checked={provisional}
        onChange={(event) => setProvisional(event.target.checked)}
      />
      {provisional ? (
        <>
          <SelectField
            label={t`Pourquoi elle est provisoire`}
            name="ground"
            value={ground}
            onChange={(event) => setGround(event.target.value)}
          >
            {grounds.map(([id, one]) => (
              <option key={id} value={id}>
                {wordsOf(one, id)}
              </option>
            ))}
          </SelectField>
          {ground === "event" ? (
            <DateField
              label={t`L’événement finit le`}
              name="event_end"
              required
              help={t`L’autorisation tombe avec lui.`}
            />
          ) : null}
        </>
      ) : null}
    </div>
  );
}
