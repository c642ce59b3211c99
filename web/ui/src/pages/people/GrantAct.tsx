import { Trans, useLingui } from "@lingui/react/macro";
import { UserCheck } from "lucide-react";
import { useState } from "react";
import { type Grant, grant, type ImageAct } from "../../api/people";
import type { Role } from "../../api/session";
import { dayEnd, dayStart, nowUs, toParisFields } from "../../i18n/format";
import { ActButton, Check, SelectField, TextField, textOf } from "../../parts";
import { DateField } from "../../parts/DateFields";
import { ROLE_WORDS, ROLES_WITH_IMAGES } from "../../session/roles";
import { useActing, useRole } from "../../session/SessionContext";
import { decidedByService, ServiceFields } from "./ServiceFields";
import { ACT_WORDS, IMAGE_ACTS } from "./words";

/** Roles that only the mayor or a deputy gives; the server says so too. */
const GIVEN_BY_MAYOR: readonly Role[] = ["mayor", "deputy", "chief", "inspector", "state_agent"];
const GIVEN: readonly Role[] = ["officer", "csu_operator", "secretary", "installer", "auditor"];
/** What each role may ever receive; the server refuses the rest by name. */
const ACTS_OF: Partial<Record<Role, readonly ImageAct[]>> = {
  csu_operator: ["live", "replay"],
  installer: ["framing"],
  state_agent: ["replay", "export"],
};

/** Records an habilitation as the signed decision says (P-58). */
export function GrantAct({ person, label }: { person: string; label: string }) {
  const { t, i18n } = useLingui();
  const { commune } = useActing();
  const mayoral = useRole("mayor", "deputy");
  const [role, setRole] = useState<Role>("officer");
  const acts = ACTS_OF[role] ?? (ROLES_WITH_IMAGES.includes(role) ? IMAGE_ACTS : []);
  const deeds: Partial<Record<Role, string>> = {
    csu_operator: t`Agrément du préfet`,
    deputy: t`Arrêté de délégation`,
    inspector: t`Mission de contrôle`,
  };
  const basis = deeds[role] ?? "";
  const run = (data: FormData) => {
    const made: Grant = {
      person,
      role,
      decision_ref: textOf(data, "decision_ref"),
      signed_by: textOf(data, "signed_by"),
      scope: { cameras: "all", acts: data.getAll("acts").map((act) => String(act) as ImageAct) },
      from: dayStart(textOf(data, "from")) ?? 0,
      until: dayEnd(textOf(data, "until")) ?? 0,
      training_date: dayStart(textOf(data, "training")),
      pooled: data.get("pooled") === "on",
      basis: basis
        ? {
            reference: textOf(data, "basis"),
            from: dayStart(textOf(data, "basis_from")),
            until: dayEnd(textOf(data, "basis_until")),
          }
        : null,
      ...(role === "state_agent" ? decidedByService(data) : {}),
    };
    return grant(commune, made);
  };
  return (
    <ActButton
      label={<Trans>Habiliter</Trans>}
      kind="primary"
      icon={UserCheck}
      title={<Trans>Habiliter {label}</Trans>}
      confirm={<Trans>Enregistrer l’habilitation</Trans>}
      run={run}
      stale={["people", "rights"]}
      done={t`Habilitation enregistrée.`}
    >
      <SelectField label={t`Qualité`} value={role} onChange={(event) => setRole(event.target.value as Role)}>
        {[...GIVEN, ...(mayoral ? GIVEN_BY_MAYOR : [])].map((one) => (
          <option key={one} value={one}>
            {i18n._(ROLE_WORDS[one])}
          </option>
        ))}
      </SelectField>
      <div className="form-2">
        <TextField
          label={t`Décision`}
          name="decision_ref"
          required
          maxLength={120}
          autoComplete="off"
          placeholder={t`arrêté 2026-112`}
        />
        <TextField
          label={t`Signée par`}
          name="signed_by"
          required
          maxLength={120}
          autoComplete="off"
          placeholder={t`le maire`}
        />
        <DateField label={t`Du`} name="from" required defaultValue={toParisFields(nowUs()).date} />
        <DateField label={t`Au, inclus`} name="until" required />
        <DateField label={t`Formation suivie le (facultatif)`} name="training" />
        {basis ? (
          <>
            <TextField label={basis} name="basis" required maxLength={120} autoComplete="off" />
            <DateField label={t`Il vaut du`} name="basis_from" required />
            <DateField label={t`Il vaut jusqu’au`} name="basis_until" required />
          </>
        ) : null}
      </div>
      {role === "state_agent" ? <ServiceFields /> : null}
      {acts.length > 0 ? (
        <fieldset className="stack-s">
          <legend>
            <Trans>Droits, un par un</Trans>
          </legend>
          {acts.map((act) => (
            <Check
              key={`${role}-${act}`}
              name="acts"
              value={act}
              label={i18n._(ACT_WORDS[act])}
              defaultChecked={act === "live" || act === "replay"}
            />
          ))}
        </fieldset>
      ) : (
        <p className="small dim">
          <Trans>Cette qualité ne peut recevoir aucun droit sur les images.</Trans>
        </p>
      )}
      <Check name="pooled" label={t`Mise à disposition par convention (agent mutualisé)`} />
    </ActButton>
  );
}
