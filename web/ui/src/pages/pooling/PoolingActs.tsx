import { Plural, Trans, useLingui } from "@lingui/react/macro";
import { useQuery } from "@tanstack/react-query";
import { Ban, Check as CheckMark, Plus } from "lucide-react";
import { useState } from "react";
import {
  consent,
  type Grouping,
  recordConvention,
  recordGrouping,
  type Terms,
  termsQuery,
} from "../../api/pooling";
import { dayEnd, dayStart, nowUs, toParisFields } from "../../i18n/format";
import { ActButton, Check, SelectField, TextField, textOf } from "../../parts";
import { DateField } from "../../parts/DateFields";
import { useActing } from "../../session/SessionContext";
import { effectOf } from "../authorisation/dates";
import { CHAIR_WORDS, CONVENTION_WORDS, wordsOf } from "./words";

const REFERENCE_MAX_CHARS = 120;

/** Records a body as its statutes have it (P-60). */
export function RecordGroupingAct() {
  const { t } = useLingui();
  const { commune } = useActing();
  const terms = useQuery(termsQuery).data;
  return (
    <ActButton
      label={<Trans>Enregistrer un organisme</Trans>}
      kind="primary"
      icon={Plus}
      title={<Trans>Enregistrer un organisme qui mutualise</Trans>}
      confirm={<Trans>Enregistrer l’organisme</Trans>}
      run={(data) =>
        recordGrouping(commune, {
          kind: textOf(data, "kind"),
          name: textOf(data, "name"),
          reference: textOf(data, "reference"),
          members: data.getAll("members").map(String),
          chair: textOf(data, "chair"),
        })
      }
      stale={["groupings"]}
      done={t`Organisme enregistré. L’accord de la commune reste à noter.`}
    >
      {terms ? <GroupingFields terms={terms} /> : null}
    </ActButton>
  );
}

function GroupingFields({ terms }: { terms: Terms }) {
  const { t, i18n } = useLingui();
  const [kind, setKind] = useState(Object.keys(terms.groupings)[0] ?? "");
  const rule = terms.groupings[kind];
  return (
    <>
      <SelectField
        label={t`Nature`}
        name="kind"
        value={kind}
        onChange={(event) => setKind(event.target.value)}
        help={rule?.article}
      >
        {Object.entries(terms.groupings).map(([id, one]) => (
          <option key={id} value={id}>
            {wordsOf(one, id)}
          </option>
        ))}
      </SelectField>
      <TextField label={t`Nom`} name="name" required maxLength={REFERENCE_MAX_CHARS} autoComplete="off" />
      <TextField
        label={t`Statuts`}
        name="reference"
        required
        maxLength={REFERENCE_MAX_CHARS}
        autoComplete="off"
        placeholder={t`arrêté du 3 mars 2021`}
      />
      <fieldset className="stack-s">
        <legend>
          <Trans>Membres</Trans>
        </legend>
        {Object.entries(terms.members).map(([id, one]) => (
          <Check
            key={id}
            name="members"
            value={id}
            label={wordsOf(one, id)}
            defaultChecked={id === "commune"}
          />
        ))}
      </fieldset>
      <SelectField label={t`Présidé par`} name="chair">
        {Object.entries(CHAIR_WORDS).map(([id, word]) => (
          <option key={id} value={id}>
            {i18n._(word)}
          </option>
        ))}
      </SelectField>
    </>
  );
}

/** The commune agrees, or takes its consent back, by a decision and from a day (P-60). */
export function ConsentAct({ grouping }: { grouping: Grouping }) {
  const { t } = useLingui();
  const { commune } = useActing();
  const { name, consents, stops } = grouping;
  const run = (agree: boolean) => (data: FormData) =>
    consent(commune, grouping.id, {
      reference: textOf(data, "reference"),
      date: effectOf(textOf(data, "date")),
      agree,
    });
  const fields = (
    <>
      <TextField
        label={t`Délibération`}
        name="reference"
        required
        maxLength={REFERENCE_MAX_CHARS}
        autoComplete="off"
      />
      <DateField label={t`À compter du`} name="date" required defaultValue={toParisFields(nowUs()).date} />
    </>
  );
  const stale = ["groupings", "people", "rights"];
  if (!consents) {
    return (
      <ActButton
        label={<Trans>Noter l’accord de la commune…</Trans>}
        icon={CheckMark}
        size="s"
        grave
        title={<Trans>La commune consent à la mutualisation par {name}</Trans>}
        confirm={<Trans>Noter l’accord</Trans>}
        run={run(true)}
        stale={stale}
        done={t`Accord noté.`}
      >
        <p className="small">
          <Trans>
            Recopiez la délibération. Les opérateurs mutualisés pourront alors voir, chacun sous son agrément
            et ses conventions.
          </Trans>
        </p>
        {fields}
      </ActButton>
    );
  }
  return (
    <ActButton
      label={<Trans>Retirer l’accord…</Trans>}
      icon={Ban}
      kind="danger"
      size="s"
      danger
      grave
      title={<Trans>Retirer l’accord à {name}</Trans>}
      confirm={<Trans>Confirmer le retrait</Trans>}
      run={run(false)}
      stale={stale}
      done={t`Accord retiré.`}
    >
      <p className="small">
        {stops.length > 0 ? (
          <Plural
            value={stops.length}
            one="À cette date, # personne perd en moins de 5 secondes direct et relecture. L’enregistrement continue ; les agents de la commune voient comme avant."
            other="À cette date, # personnes perdent en moins de 5 secondes direct et relecture. L’enregistrement continue ; les agents de la commune voient comme avant."
          />
        ) : (
          <Trans>Aucun droit ne repose aujourd’hui sur cet accord seul.</Trans>
        )}
      </p>
      {fields}
    </ActButton>
  );
}

/** Records a convention as it was signed (P-61…P-63). */
export function RecordConventionAct() {
  const { t } = useLingui();
  const { commune } = useActing();
  const terms = useQuery(termsQuery).data;
  return (
    <ActButton
      label={<Trans>Enregistrer une convention</Trans>}
      icon={Plus}
      size="s"
      title={<Trans>Enregistrer une convention signée</Trans>}
      confirm={<Trans>Enregistrer la convention</Trans>}
      run={(data) =>
        recordConvention(commune, {
          kind: textOf(data, "kind"),
          reference: textOf(data, "reference"),
          parties: textOf(data, "parties"),
          from: dayStart(textOf(data, "from")) ?? 0,
          until: dayEnd(textOf(data, "until")) ?? 0,
          form: textOf(data, "form"),
        })
      }
      stale={["conventions", "people", "rights"]}
      done={t`Convention enregistrée.`}
    >
      {terms ? <ConventionFields terms={terms} /> : null}
    </ActButton>
  );
}

function ConventionFields({ terms }: { terms: Terms }) {
  const { t, i18n } = useLingui();
  const [kind, setKind] = useState(Object.keys(terms.conventions)[0] ?? "");
  const forms = terms.conventions[kind]?.forms ?? [];
  const [form, setForm] = useState(forms[0] ?? "");
  const months = terms.pooling_forms[form]?.months;
  return (
    <>
      <SelectField
        label={t`Objet`}
        name="kind"
        value={kind}
        onChange={(event) => setKind(event.target.value)}
      >
        {Object.entries(terms.conventions).map(([id, one]) => (
          <option key={id} value={id}>
            {CONVENTION_WORDS[id] ? i18n._(CONVENTION_WORDS[id]) : one.fr}
          </option>
        ))}
      </SelectField>
      {forms.length > 0 ? (
        <SelectField
          label={t`Forme légale`}
          name="form"
          required
          value={form}
          onChange={(event) => setForm(event.target.value)}
          help={months ? <Plural value={months} one="# mois au plus." other="# mois au plus." /> : undefined}
        >
          {Object.entries(terms.pooling_forms)
            .filter(([id]) => forms.includes(id))
            .map(([id, one]) => (
              <option key={id} value={id}>
                {wordsOf(one, id)} ({one.article})
              </option>
            ))}
        </SelectField>
      ) : null}
      <TextField
        label={t`Référence`}
        name="reference"
        required
        maxLength={REFERENCE_MAX_CHARS}
        autoComplete="off"
      />
      <TextField label={t`Parties`} name="parties" maxLength={200} autoComplete="off" />
      <div className="form-2">
        <DateField label={t`Du`} name="from" required defaultValue={toParisFields(nowUs()).date} />
        <DateField label={t`Au, inclus`} name="until" required />
      </div>
    </>
  );
}
