import { Trans, useLingui } from "@lingui/react/macro";
import { type FormEvent, useState } from "react";
import { Button, Choices, Dialog, Note, Refusal, TextArea } from "../../parts";
import { GROUNDS } from "./frames";

/** Longest comment to the requester, in characters (D-31). */
const COMMENT_MAX_CHARS = 300;

interface SheetProps {
  open: boolean;
  busy: boolean;
  error: unknown;
  onClose: () => void;
}

/** Asks the requester for what is missing; the hold stays. */
export function QuerySheet({ onSend, ...sheet }: SheetProps & { onSend: (comment: string) => void }) {
  const { t } = useLingui();
  const [comment, setComment] = useState("");
  const [missing, setMissing] = useState(false);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setMissing(comment.trim() === "");
    if (comment.trim() !== "") onSend(comment.trim());
  };
  return (
    <Dialog open={sheet.open} onClose={sheet.onClose} sheet title={<Trans>Demander des précisions</Trans>}>
      <form className="stack" noValidate onSubmit={submit}>
        <TextArea
          label={t`Ce qui manque au requérant`}
          value={comment}
          onChange={(event) => setComment(event.target.value)}
          maxLength={COMMENT_MAX_CHARS}
          help={t`Ne nommez personne. ${comment.length} caractères sur ${COMMENT_MAX_CHARS}.`}
          error={missing ? t`Dites ce qui manque.` : null}
        />
        <Note kind="off">
          <Trans>Le gel reste posé. La demande vous revient dès qu’elle est complétée.</Trans>
        </Note>
        {sheet.error ? <Refusal error={sheet.error} /> : null}
        <Button kind="primary" size="l" wide type="submit" busy={sheet.busy}>
          <Trans>Envoyer la question</Trans>
        </Button>
      </form>
    </Dialog>
  );
}

interface RefuseSheetProps extends SheetProps {
  /** The grounds that the law admits for this frame, as the server lists them. */
  grounds: readonly string[];
  onSend: (ground: string, comment: string) => void;
}

/** A refusal without a legal ground is impossible (P-74). */
export function RefuseSheet({ grounds, onSend, ...sheet }: RefuseSheetProps) {
  const { t, i18n } = useLingui();
  const [ground, setGround] = useState<string | null>(null);
  const [comment, setComment] = useState("");
  const [missing, setMissing] = useState(false);
  const choices = GROUNDS.filter((one) => grounds.includes(one.id)).map((one) => ({
    value: one.id,
    label: i18n._(one.word),
    detail: i18n._(one.detail),
  }));
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setMissing(ground === null);
    if (ground !== null) onSend(ground, comment.trim());
  };
  return (
    <Dialog
      open={sheet.open}
      onClose={sheet.onClose}
      sheet
      title={<Trans>Refuser : sur quel motif de droit ?</Trans>}
    >
      <form className="stack" noValidate onSubmit={submit}>
        <p className="small dim">
          <Trans>
            Un refus sans motif est impossible. Le requérant reçoit le motif et la voie de recours.
          </Trans>
        </p>
        <Choices
          legend={<Trans>Motif de droit</Trans>}
          hideLegend
          name="ground"
          value={ground}
          onChange={setGround}
          choices={choices}
          error={missing ? t`Choisissez un motif de droit.` : null}
        />
        <TextArea
          label={t`Précision pour le requérant`}
          value={comment}
          onChange={(event) => setComment(event.target.value)}
          maxLength={COMMENT_MAX_CHARS}
          help={t`Ne nommez personne. ${comment.length} caractères sur ${COMMENT_MAX_CHARS}.`}
        />
        <Note kind="off">
          <Trans>Le gel reste posé jusqu’à son terme, le temps d’une nouvelle demande.</Trans>
        </Note>
        {sheet.error ? <Refusal error={sheet.error} /> : null}
        <Button kind="danger-fill" size="l" wide type="submit" busy={sheet.busy}>
          <Trans>Confirmer le refus</Trans>
        </Button>
      </form>
    </Dialog>
  );
}
