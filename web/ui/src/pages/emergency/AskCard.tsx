import { Plural, Trans, useLingui } from "@lingui/react/macro";
import { useQueryClient } from "@tanstack/react-query";
import { Signature } from "lucide-react";
import { type FormEvent, useState } from "react";
import { askEmergency, type Emergencies } from "../../api/emergencies";
import { formatDuration, formatTime, nowUs, US_PER_S } from "../../i18n/format";
import {
  Button,
  Card,
  MotiveField,
  Refusal,
  SelectField,
  StepUpCancelled,
  textOf,
  useStepUp,
  useToast,
} from "../../parts";
import { instantOf, ParisInstant, typedOf } from "../../parts/DateFields";
import { useActing } from "../../session/SessionContext";
import { CameraPicker } from "../requests/CameraPicker";

const MINUTE_US = 60 * US_PER_S;
/** Lengths proposed, in minutes; the law's own bound comes last. */
const LENGTHS = [15, 30, 45] as const;
const LENGTH_USUAL = 30;

/** The first signature: exactly what is to be opened, for how long, and why. It opens nothing. */
export function AskCard({ told }: { told: Emergencies }) {
  const { t } = useLingui();
  const { commune } = useActing();
  const client = useQueryClient();
  const guarded = useStepUp();
  const toast = useToast();
  const [cameras, setCameras] = useState<string[]>([]);
  const [from, setFrom] = useState(() => typedOf(nowUs() - 60 * MINUTE_US));
  const [to, setTo] = useState(() => typedOf(nowUs() - MINUTE_US));
  const [tried, setTried] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const fromUs = instantOf(from);
  const toUs = instantOf(to);
  const lengths = [...LENGTHS.filter((one) => one < told.open_minutes), told.open_minutes];
  const problem = rangeProblem(fromUs, toUs, told.range_hours);
  const words = {
    missing: t`Donnez le début et la fin.`,
    order: t`La fin doit suivre le début.`,
    long: t`La plage dépasse ${told.range_hours} heures.`,
  };
  const tooMany = cameras.length > told.cameras_limit;
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    const data = new FormData(form);
    setTried(true);
    setError(null);
    if (fromUs === null || toUs === null || problem || tooMany || cameras.length === 0) return;
    setBusy(true);
    try {
      const asking = { cameras, from_us: fromUs, to_us: toUs, minutes: Number(textOf(data, "minutes")) };
      const made = await guarded(
        () => askEmergency(commune, { ...asking, motive: textOf(data, "motive") }),
        true,
      );
      toast(t`Demandée : une autre personne désignée confirme avant ${formatTime(made.sign_by_us)}.`);
      form.reset();
      setCameras([]);
      setTried(false);
    } catch (failure) {
      if (!(failure instanceof StepUpCancelled)) setError(failure);
    } finally {
      setBusy(false);
      void client.invalidateQueries({ queryKey: ["emergencies"] });
    }
  };
  return (
    <Card title={<Trans>Demander une ouverture</Trans>} aside={<Trans>Rien ne s’ouvre encore</Trans>}>
      <form className="stack" onSubmit={(event) => void submit(event)}>
        <CameraPicker chosen={cameras} onChange={setCameras} error={tried && cameras.length === 0} />
        {tooMany ? (
          <p className="err" role="status">
            <Plural value={told.cameras_limit} one="# caméra au plus." other="# caméras au plus." />
          </p>
        ) : null}
        <div className="form-2">
          <ParisInstant legend={<Trans>Du</Trans>} value={from} onChange={setFrom} />
          <ParisInstant
            legend={<Trans>Au</Trans>}
            value={to}
            onChange={setTo}
            error={problem && (tried || problem !== "missing") ? words[problem] : null}
          />
          <SelectField label={t`Ouverte pendant`} name="minutes" defaultValue={LENGTH_USUAL}>
            {lengths.map((one) => (
              <option key={one} value={one}>
                {formatDuration(one * MINUTE_US)}
              </option>
            ))}
          </SelectField>
          <MotiveField help={t`Les faits, et pourquoi personne ne peut décider. Aucun nom.`} />
        </div>
        {error ? <Refusal error={error} /> : null}
        <div className="row">
          <Button kind="primary" type="submit" icon={Signature} busy={busy}>
            <Trans>Signer la demande</Trans>
          </Button>
          <span className="small dim">
            <Trans>Votre mot de passe est redemandé. Tout est au journal.</Trans>
          </span>
        </div>
      </form>
    </Card>
  );
}

function rangeProblem(
  fromUs: number | null,
  toUs: number | null,
  hours: number,
): "missing" | "order" | "long" | null {
  if (fromUs === null || toUs === null) return "missing";
  if (toUs <= fromUs) return "order";
  return toUs - fromUs > hours * 60 * MINUTE_US ? "long" : null;
}
