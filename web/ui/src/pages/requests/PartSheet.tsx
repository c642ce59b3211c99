import { Trans, useLingui } from "@lingui/react/macro";
import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { camerasQuery } from "../../api/cameras";
import type { Part, RequestDetail } from "../../api/requests";
import { formatSpan, US_PER_S } from "../../i18n/format";
import { Button, Choices, Dialog, Note, Refusal } from "../../parts";
import { instantOf, ParisInstant, typedOf } from "../../parts/DateFields";
import { useActing } from "../../session/SessionContext";
import { cameraNumber } from "../cameras/words";
import { CameraChecks } from "./CameraChecks";
import { GROUNDS } from "./frames";

interface PartSheetProps {
  request: RequestDetail;
  busy: boolean;
  error: unknown;
  onClose: () => void;
  onSend: (ground: string, part: Part) => void;
}

/** What was typed to the second, or the bound itself where it lies within that second. */
function settled(typed: number | null, bound: number): number | null {
  return typed !== null && Math.abs(typed - bound) < US_PER_S ? bound : typed;
}

/** Carries out some cameras, or a shorter range, on a ground that the requester will read (P-74). */
export function PartSheet({ request, busy, error, onClose, onSend }: PartSheetProps) {
  const { t, i18n } = useLingui();
  const { commune } = useActing();
  const known = useQuery(camerasQuery(commune)).data ?? [];
  const [cameras, setCameras] = useState<readonly string[]>(request.cameras);
  const [from, setFrom] = useState(() => typedOf(request.from_us));
  const [to, setTo] = useState(() => typedOf(request.to_us));
  const [ground, setGround] = useState<string | null>(null);
  const [tried, setTried] = useState(false);
  const fromUs = settled(instantOf(from), request.from_us);
  const toUs = settled(instantOf(to), request.to_us);
  const inside =
    fromUs !== null && toUs !== null && request.from_us <= fromUs && fromUs < toUs && toUs <= request.to_us;
  const whole =
    fromUs === request.from_us && toUs === request.to_us && cameras.length === request.cameras.length;
  const asked = formatSpan(request.from_us, request.to_us);
  const choices = GROUNDS.filter((one) => request.part_grounds.includes(one.id)).map((one) => ({
    value: one.id,
    label: i18n._(one.word),
    detail: i18n._(one.detail),
  }));
  const nameOf = (id: string): string => {
    const camera = known.find((one) => one.id === id);
    return camera ? `${cameraNumber(camera)} ${camera.name}` : id;
  };
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    setTried(true);
    if (!inside || whole || cameras.length === 0 || ground === null) return;
    onSend(ground, { cameras: [...cameras], from_us: fromUs, to_us: toUs });
  };
  return (
    <Dialog open onClose={onClose} sheet title={<Trans>Exécuter en partie</Trans>}>
      <form className="stack" noValidate onSubmit={submit}>
        <p className="small dim">
          <Trans>Demandé : {asked}. Ce que vous retirez reste gelé jusqu’au terme du gel provisoire.</Trans>
        </p>
        <CameraChecks
          legend={<Trans>Caméras accordées</Trans>}
          cameras={request.cameras}
          nameOf={nameOf}
          chosen={cameras}
          onChange={setCameras}
        />
        <div className="form-2">
          <ParisInstant legend={<Trans>Du</Trans>} value={from} onChange={setFrom} />
          <ParisInstant
            legend={<Trans>Au</Trans>}
            value={to}
            onChange={setTo}
            error={tried && !inside ? t`La plage accordée reste dans celle de la demande.` : null}
          />
        </div>
        <Choices
          legend={<Trans>Pourquoi pas tout</Trans>}
          name="part-ground"
          value={ground}
          onChange={setGround}
          choices={choices}
          error={tried && ground === null ? t`Choisissez un motif de droit.` : null}
        />
        {tried && inside && (whole || cameras.length === 0) ? (
          <Note
            kind="warn"
            live
            title={
              cameras.length === 0 ? (
                <Trans>Gardez au moins une caméra, ou refusez la demande.</Trans>
              ) : (
                <Trans>Vous n’avez rien retiré : autorisez l’extraction entière.</Trans>
              )
            }
          />
        ) : null}
        {error ? <Refusal error={error} /> : null}
        <Button kind="primary" size="l" wide type="submit" busy={busy}>
          <Trans>Autoriser cette part</Trans>
        </Button>
      </form>
    </Dialog>
  );
}
