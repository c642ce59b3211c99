import { Trans, useLingui } from "@lingui/react/macro";
import type { Frame } from "../../api/requests";
import { Card, Check, Choices, MOTIVE_MAX_CHARS, RuleTag, SelectField, TextField } from "../../parts";
import { DateField, instantOf, ParisInstant } from "../../parts/DateFields";
import { useRole } from "../../session/SessionContext";
import { DELIVERIES, type FieldName, FRAME_IDS, FRAMES, fieldWord, INQUIRIES } from "./frames";
import { type Missing, type RequestDraft, shownFields } from "./requestForm";

/** Longest purpose of a request, in characters (D-31). */

interface BlockProps {
  draft: RequestDraft;
  onChange: (draft: RequestDraft) => void;
  missing: readonly Missing[];
}

interface FrameBlockProps {
  frame: Frame | null;
  collects: boolean;
  onChoose: (frame: Frame) => void;
  error: boolean;
}

/** Block 1: the legal frame decides the rest. */
export function FrameBlock(props: FrameBlockProps) {
  const { t, i18n } = useLingui();
  // Who reports is who saw (P-77): not the secretary.
  const reports = useRole("officer", "chief", "mayor", "deputy");
  const offered = props.collects ? INQUIRIES : FRAME_IDS.filter((id) => id !== "article_40" || reports);
  return (
    <Card title={<Trans>1. Cadre légal</Trans>} aside={<Trans>Les champs suivants en dépendent</Trans>}>
      <Choices
        legend={<Trans>Cadre légal</Trans>}
        hideLegend
        columns
        name="frame"
        value={props.frame}
        onChange={props.onChoose}
        choices={offered.map((id) => ({
          value: id,
          label: i18n._(FRAMES[id].name),
          detail: i18n._(props.collects ? FRAMES[id].article : FRAMES[id].needs),
        }))}
        error={props.error ? t`Choisissez le cadre légal.` : null}
      />
      {props.collects ? <NoRequisition /> : <WhoReceives />}
    </Card>
  );
}

function NoRequisition() {
  return (
    <p className="small dim">
      <Trans>
        Habilité par votre chef de service sur ces caméras, vous collectez sans réquisition, pour l’enquête
        que vous citez.
      </Trans>{" "}
      <RuleTag rule="P-73" />
    </p>
  );
}

function WhoReceives() {
  return (
    <p className="small dim">
      <Trans>Un particulier, un assureur, un avocat, la presse : aucun ne reçoit d’images directement.</Trans>{" "}
      <RuleTag rule="P-75" />{" "}
      <Trans>
        Un agent de la police ou de la gendarmerie habilité sur ces caméras n’a pas besoin de réquisition.
      </Trans>{" "}
      <RuleTag rule="P-73" />
    </p>
  );
}

/** Block 2: what the frame demands (P-72). */
export function FieldsBlock({ draft, onChange, missing }: BlockProps) {
  const { i18n, t } = useLingui();
  if (!draft.frame) {
    return (
      <Card title={<Trans>2. Ce que le cadre exige</Trans>} aside={<RuleTag rule="P-72" />}>
        <p className="dim">
          <Trans>Choisissez d’abord le cadre légal : ses champs viennent ici.</Trans>
        </p>
      </Card>
    );
  }
  const set = (name: FieldName, value: string) =>
    onChange({ ...draft, fields: { ...draft.fields, [name]: value } });
  return (
    <Card
      title={
        <>
          2. {i18n._(FRAMES[draft.frame].name)} : <Trans>ce qu’il faut</Trans>
        </>
      }
      aside={<RuleTag rule="P-72" />}
    >
      <div className="form-2">
        {shownFields(draft.frame, draft.collects).map((name) => (
          <OneField
            key={name}
            name={name}
            label={i18n._(fieldWord(name, draft.collects ?? false, draft.frame))}
            value={draft.fields[name] ?? ""}
            onChange={(value) => set(name, value)}
            error={
              missing.includes(name)
                ? t`Ce cadre exige ce champ.`
                : name === "prosecutor_authorisation" && missing.includes("authorisation")
                  ? t`Donnez l’autorisation du procureur ou l’instruction générale.`
                  : null
            }
          />
        ))}
      </div>
      {draft.frame === "article_40" ? (
        <p className="small dim">
          <Trans>
            Votre avis écrit au procureur se donne sans délai : il n’attend ni décision ni images.
          </Trans>{" "}
          <RuleTag rule="P-77" />
        </p>
      ) : null}
    </Card>
  );
}

interface OneFieldProps {
  name: FieldName;
  label: string;
  value: string;
  onChange: (value: string) => void;
  error: string | null;
}

function OneField({ name, label, value, onChange, error }: OneFieldProps) {
  const { i18n, t } = useLingui();
  if (name === "identity_checked") {
    return (
      <div className="wide stack-s">
        <Check
          name={name}
          label={t`Identité de la personne vérifiée ; elle est bien celle qui est filmée`}
          checked={value === "yes"}
          onChange={(event) => onChange(event.target.checked ? "yes" : "")}
        />
        {error ? <p className="err">{error}</p> : null}
      </div>
    );
  }
  if (name === "delivery") {
    return (
      <SelectField label={label} name={name} value={value} onChange={(event) => onChange(event.target.value)}>
        {Object.entries(DELIVERIES).map(([id, word]) => (
          <option key={id} value={id}>
            {i18n._(word)}
          </option>
        ))}
      </SelectField>
    );
  }
  if (name === "general_instruction_until") {
    return (
      <DateField
        label={label}
        name={name}
        onChange={onChange}
        error={error}
        {...(value ? { defaultValue: value } : {})}
      />
    );
  }
  const help: Partial<Record<FieldName, string>> = {
    officer_name: t`Pour le reçu et la remise. Jamais dans un courriel.`,
    general_instruction: t`Une instruction générale vaut six mois au plus.`,
    offence: t`La qualification, pas les faits : « vol aggravé ».`,
    facts: t`Ce que vous avez constaté. Ne nommez et ne décrivez aucune personne filmée.`,
  };
  return (
    <TextField
      label={label}
      name={name}
      value={value}
      maxLength={300}
      autoComplete="off"
      onChange={(event) => onChange(event.target.value)}
      help={help[name]}
      error={error}
    />
  );
}

/** Block 4: until when, and the object in one sentence. */
export function AnswerBlock({ draft, onChange, missing }: BlockProps) {
  const { t } = useLingui();
  const started = draft.answer.date !== "" || draft.answer.time !== "";
  return (
    <Card title={draft.collects ? <Trans>4. Objet</Trans> : <Trans>4. Réponse attendue</Trans>}>
      <div className="form-2">
        {draft.collects ? null : (
          <ParisInstant
            legend={<Trans>Au plus tard le (facultatif)</Trans>}
            value={draft.answer}
            onChange={(answer) => onChange({ ...draft, answer })}
            error={started && instantOf(draft.answer) === null ? t`Donnez une date et une heure.` : null}
          />
        )}
        <TextField
          label={t`Objet, en une phrase`}
          name="motive"
          value={draft.motive}
          maxLength={MOTIVE_MAX_CHARS}
          autoComplete="off"
          onChange={(event) => onChange({ ...draft, motive: event.target.value })}
          help={t`Ne nommez et ne décrivez personne. ${draft.motive.length} caractères sur ${MOTIVE_MAX_CHARS}.`}
          error={missing.includes("motive") ? t`Dites l’objet en une phrase.` : null}
        />
      </div>
    </Card>
  );
}
