import { Trans, useLingui } from "@lingui/react/macro";
import { type FormEvent, type KeyboardEvent, useState } from "react";
import { formatDateTime } from "../../i18n/format";
import { Button } from "../../parts";
import { instantOf, ParisInstant, typedOf } from "../../parts/DateFields";
import type { CameraTimeline } from "../../timeline/timelineApi";

export interface GoToFormProps {
  us: number;
  timeline: CameraTimeline;
  onClose: () => void;
  onGo: (us: number) => void;
}

/** The instant to go to, typed in the order of the page's language; what cannot be gone to is said. */
export function GoToForm({ us, timeline, onClose, onGo }: GoToFormProps) {
  const { t } = useLingui();
  const [typed, setTyped] = useState(() => typedOf(us));
  const [error, setError] = useState("");
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const target = instantOf(typed);
    const limit = formatDateTime(timeline.destroyedBeforeUs);
    const isHeld = timeline.holds.some(
      (hold) => target !== null && target >= hold.fromUs && target < hold.toUs,
    );
    if (target === null) setError(t`Cet instant n’existe pas : corrigez la date ou l’heure.`);
    else if (target > timeline.nowUs) setError(t`Cet instant est à venir : choisissez-en un passé.`);
    else if (target < timeline.destroyedBeforeUs && !isHeld)
      setError(t`Détruit à son terme : rien n’existe avant le ${limit}.`);
    else {
      onGo(target);
      onClose();
    }
  };
  // The parts of a date are no inputs: Enter in them would do nothing by itself.
  const enter = (event: KeyboardEvent<HTMLFormElement>): void => {
    const typing = event.target instanceof Element && event.target.getAttribute("role") === "spinbutton";
    if (typing && event.key === "Enter") event.currentTarget.requestSubmit();
  };
  return (
    <form className="stack" onSubmit={submit} onKeyDownCapture={enter}>
      <ParisInstant
        legend={<Trans>Jour et heure</Trans>}
        value={typed}
        onChange={setTyped}
        error={error}
        autoFocus
      />
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
