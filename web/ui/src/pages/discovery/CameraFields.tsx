import { useLingui } from "@lingui/react/macro";
import { Check, TextField } from "../../parts";

/** What the form keeps of a camera between two visits; never a password. */
export interface CameraDraft {
  name: string;
  place: string;
  number: string;
  url?: string;
  sub_url?: string;
  username?: string;
}

/** Name, place, number and plan of a camera, the same for both ways in. */
export function CameraFields({ draft }: { draft: Partial<CameraDraft> }) {
  const { t } = useLingui();
  return (
    <>
      <TextField
        label={t`Nom`}
        name="name"
        required
        maxLength={80}
        defaultValue={draft.name}
        help={t`Celui qu’on dit à la radio : « Gare – parvis ».`}
      />
      <TextField
        label={t`Numéro`}
        name="number"
        type="number"
        min={1}
        max={999}
        required
        inputMode="numeric"
        defaultValue={draft.number}
      />
      <TextField
        wide
        label={t`Lieu`}
        name="place"
        maxLength={160}
        defaultValue={draft.place}
        help={t`Mât, façade, hauteur : de quoi la retrouver sur place.`}
      />
      <div className="wide stack-s">
        <Check name="narrow" label={t`Plan étroit : des personnes reconnaissables (704 × 576 au moins)`} />
        <Check name="fast_flows" label={t`Filme surtout des personnes en déplacement rapide (12 images/s)`} />
      </div>
    </>
  );
}
