import { Trans, useLingui } from "@lingui/react/macro";
import { type FormEvent, useState } from "react";
import type { Outcome } from "../../api/public";
import type { Decision, RequestDetail } from "../../api/requests";
import { nowUs } from "../../i18n/format";
import { Button, Choices, Dialog, Note, Refusal, TextArea } from "../../parts";
import { instantOf, ParisInstant } from "../../parts/DateFields";
import { OUTCOMES } from "./frames";

/** Longest comment to the person, in characters (D-31). */
const COMMENT_MAX_CHARS = 300;

interface GrantSheetProps {
  request: RequestDetail;
  busy: boolean;
  error: unknown;
  onClose: () => void;
  onSend: (decision: Decision) => void;
}

/** How a filmed person's request is granted; the letter says it in the law's words (P-82, P-83, P-86). */
export function GrantSheet({ request, busy, error, onClose, onSend }: GrantSheetProps) {
  const { t, i18n } = useLingui();
  const [outcome, setOutcome] = useState<Outcome | null>(null);
  const [when, setWhen] = useState({ date: "", time: "", later: false });
  const [comment, setComment] = useState("");
  const [tried, setTried] = useState(false);
  const appointment = instantOf(when);
  const late = outcome === "viewing" && (appointment === null || appointment <= nowUs());
  const silent = (outcome === "granted" || outcome === "none") && comment.trim() === "";
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    setTried(true);
    if (outcome === null || late || silent) return;
    const seen = outcome === "viewing" && appointment !== null ? { appointment } : {};
    onSend({ decision: "execute", outcome, comment: comment.trim(), ...seen });
  };
  return (
    <Dialog open onClose={onClose} sheet title={<Trans>Satisfaire la demande</Trans>}>
      <form className="stack" noValidate onSubmit={submit}>
        <Choices
          legend={<Trans>Suite donnée</Trans>}
          name="outcome"
          value={outcome}
          onChange={setOutcome}
          choices={request.outcomes.map((id) => ({
            value: id,
            label: i18n._(OUTCOMES[id].word),
            detail: i18n._(OUTCOMES[id].detail),
          }))}
          error={tried && outcome === null ? t`Choisissez la suite donnée.` : null}
        />
        {outcome === "viewing" ? (
          <ParisInstant
            legend={<Trans>Rendez-vous, dans le mois</Trans>}
            value={when}
            onChange={setWhen}
            error={tried && late ? t`Donnez un jour et une heure à venir.` : null}
          />
        ) : null}
        <TextArea
          label={t`Précision pour la personne`}
          value={comment}
          onChange={(event) => setComment(event.target.value)}
          maxLength={COMMENT_MAX_CHARS}
          help={t`Ne nommez personne. ${comment.length} caractères sur ${COMMENT_MAX_CHARS}.`}
          error={tried && silent ? t`Dites ce qui est fait, ou pourquoi rien ne la montre.` : null}
        />
        <Note kind="off">
          <Trans>La lettre de réponse, avec les recours, s’imprime depuis la demande.</Trans>
        </Note>
        {error ? <Refusal error={error} /> : null}
        <Button kind="primary" size="l" wide type="submit" busy={busy}>
          <Trans>Satisfaire la demande</Trans>
        </Button>
      </form>
    </Dialog>
  );
}
