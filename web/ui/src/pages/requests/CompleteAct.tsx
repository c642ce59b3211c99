import { Trans, useLingui } from "@lingui/react/macro";
import { completeRequest, type RequestDetail } from "../../api/requests";
import { ActButton, Note, TextField, textOf } from "../../parts";
import { useRole } from "../../session/SessionContext";
import { type FieldName, FRAMES, fieldText, fieldWord } from "./frames";

/** Fields that have their own control in the form and cannot be retyped here. */
const FIXED: ReadonlySet<FieldName> = new Set(["identity_checked", "delivery"]);

/** Answers the decider's question: the fields are corrected, the frame is checked anew. */
export function CompleteAct({ request }: { request: RequestDetail }) {
  const { t, i18n } = useLingui();
  const registers = useRole("secretary", "officer", "chief", "mayor", "deputy");
  if (request.state !== "queried" || !registers) return null;
  const authorisations: FieldName[] =
    request.frame === "preliminaire" ? ["prosecutor_authorisation", "general_instruction"] : [];
  const names = [...authorisations, ...FRAMES[request.frame].fields].filter((name) => !FIXED.has(name));
  const run = (data: FormData) => {
    const changed = names.filter((name) => textOf(data, name) !== fieldText(request, name));
    const kept = changed.length > 0 ? changed : names.slice(0, 1);
    return completeRequest(request.id, Object.fromEntries(kept.map((name) => [name, textOf(data, name)])));
  };
  return (
    <ActButton
      label={<Trans>Compléter la demande</Trans>}
      title={<Trans>Compléter la demande</Trans>}
      confirm={<Trans>Renvoyer à la décision</Trans>}
      run={run}
      stale={["request", "requests"]}
      done={t`Demande complétée : elle revient à la décision.`}
    >
      {request.comment ? <Note kind="warn" title={<Trans>Question : {request.comment}</Trans>} /> : null}
      {names.map((name) => (
        <TextField
          key={name}
          label={i18n._(fieldWord(name, false, request.frame))}
          name={name}
          maxLength={300}
          autoComplete="off"
          defaultValue={fieldText(request, name)}
        />
      ))}
    </ActButton>
  );
}
