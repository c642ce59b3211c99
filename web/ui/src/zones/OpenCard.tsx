import { Trans, useLingui } from "@lingui/react/macro";
import { useState } from "react";
import { type Camera, openFraming } from "../api/cameras";
import { Button, Card, Choices, Refusal, useStepUp } from "../parts";
import { useAttempt } from "../parts/useAttempt";

type Minutes = "5" | "10" | "15";

/** Opens a framing session: what it is, how long, who will know. */
export function OpenCard({ camera, onOpen }: { camera: Camera; onOpen: (untilUs: number) => void }) {
  const { t } = useLingui();
  const guarded = useStepUp();
  const [minutes, setMinutes] = useState<Minutes>("10");
  const { busy, error, attempt } = useAttempt();
  const open = async (): Promise<void> => {
    await attempt(async () => {
      const made = (await guarded(() => openFraming(camera.id, Number(minutes)))) as { until_us: number };
      onOpen(made.until_us);
    });
  };
  return (
    <Card title={<Trans>Ouvrir une séance de cadrage</Trans>}>
      <p>
        <Trans>
          Vous verrez l’image brute de cette caméra, en direct, le temps de tracer ses zones privées. Rien
          n’est enregistré ; l’ouverture et la fermeture sont journalisées.
        </Trans>
      </p>
      <Choices
        legend={t`Durée de la séance`}
        name="minutes"
        value={minutes}
        onChange={setMinutes}
        choices={[
          { value: "5", label: t`5 minutes` },
          { value: "10", label: t`10 minutes` },
          { value: "15", label: t`15 minutes, le plus long permis` },
        ]}
      />
      {error ? <Refusal error={error} act={<Trans>La séance n’a pas été ouverte.</Trans>} /> : null}
      <div className="row">
        <Button kind="primary" size="l" busy={busy} onClick={() => void open()}>
          <Trans>Ouvrir la séance</Trans>
        </Button>
      </div>
    </Card>
  );
}
