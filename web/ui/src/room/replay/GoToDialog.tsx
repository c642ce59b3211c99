import { Trans, useLingui } from "@lingui/react/macro";
import { type FormEvent, useState } from "react";
import { formatDateTime, fromParisFields, toParisFields } from "../../i18n/format";
import { Button, Choices, Dialog, TextField } from "../../parts";
import type { CameraTimeline } from "../../timeline/timelineApi";

interface GoToProps {
  open: boolean;
  onClose: () => void;
  us: number;
  timeline: CameraTimeline;
  onGo: (us: number) => void;
}

/** A jump to a typed date and time; the doubled hour of October asks which of the two. */
export function GoToDialog({ open, onClose, us, timeline, onGo }: GoToProps) {
  return (
    <Dialog open={open} onClose={onClose} title={<Trans>Aller à un instant</Trans>}>
      <GoToForm us={us} timeline={timeline} onClose={onClose} onGo={onGo} />
    </Dialog>
  );
}

function GoToForm({ us, timeline, onClose, onGo }: Omit<GoToProps, "open">) {
  const { t } = useLingui();
  const [fields, setFields] = useState(() => toParisFields(us));
  const [second, setSecond] = useState<"first" | "second">("first");
  const [error, setError] = useState("");
  const found = fromParisFields(fields.date, fields.time);
  const isDoubled = found.length > 1;
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const target = isDoubled && second === "second" ? found[1] : found[0];
    const limit = formatDateTime(timeline.destroyedBeforeUs);
    const isHeld = timeline.holds.some(
      (hold) => target !== undefined && target >= hold.fromUs && target < hold.toUs,
    );
    if (target === undefined) setError(t`Cet instant n’existe pas : corrigez la date ou l’heure.`);
    else if (target > timeline.nowUs) setError(t`Cet instant est à venir : choisissez-en un passé.`);
    else if (target < timeline.destroyedBeforeUs && !isHeld)
      setError(t`Détruit à son terme : rien n’existe avant le ${limit}.`);
    else {
      onGo(target);
      onClose();
    }
  };
  return (
    <form className="stack" onSubmit={submit}>
      <div className="form-2">
        <TextField
          label={t`Date`}
          type="date"
          required
          value={fields.date}
          onChange={(event) => setFields({ ...fields, date: event.currentTarget.value })}
        />
        <TextField
          label={t`Heure`}
          type="time"
          step={1}
          required
          value={fields.time}
          error={error}
          onChange={(event) => setFields({ ...fields, time: event.currentTarget.value })}
        />
      </div>
      {isDoubled ? (
        <Choices
          legend={t`Cette heure existe deux fois ce jour-là`}
          name="which"
          value={second}
          onChange={setSecond}
          choices={[
            { value: "first", label: t`La première (+02:00, heure d’été)` },
            { value: "second", label: t`La seconde (+01:00, heure d’hiver)` },
          ]}
        />
      ) : null}
      <footer>
        <Button onClick={onClose}>
          <Trans>Annuler</Trans>
        </Button>
        <Button kind="primary" type="submit">
          <Trans>Aller à cet instant</Trans>
        </Button>
      </footer>
    </form>
  );
}
