import { Plural, Trans, useLingui } from "@lingui/react/macro";
import { useQueryClient } from "@tanstack/react-query";
import { Pause } from "lucide-react";
import { type FormEvent, useState } from "react";
import { type Camera, suspendCamera } from "../../api/cameras";
import { Button, Dialog, Refusal, useStepUp, useToast } from "../../parts";
import { SuspensionFields } from "./SuspensionFields";
import { cameraNumber } from "./words";

/** Suspends the chosen cameras one by one: it names how many and which, and wants a motive. */
export function BulkSuspend({ cameras, onDone }: { cameras: readonly Camera[]; onDone: () => void }) {
  const { t } = useLingui();
  const client = useQueryClient();
  const toast = useToast();
  const guarded = useStepUp();
  const [open, setOpen] = useState(false);
  const [error, setError] = useState<{ camera: Camera; error: unknown } | null>(null);
  const [busy, setBusy] = useState(false);
  const numbers = cameras.map(cameraNumber).join(", ");
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const motive = String(new FormData(event.currentTarget).get("motive")).trim();
    setBusy(true);
    setError(null);
    for (const camera of cameras) {
      try {
        await guarded(() => suspendCamera(camera.id, motive));
      } catch (failure) {
        setError({ camera, error: failure });
        setBusy(false);
        return;
      } finally {
        void client.invalidateQueries({ queryKey: ["cameras"] });
      }
    }
    setBusy(false);
    setOpen(false);
    toast(t`Suspendues : ${numbers}.`);
    onDone();
  };
  return (
    <div className="bulk">
      <span className="strong">
        <Plural value={cameras.length} one="# choisie" other="# choisies" /> : {numbers}
      </span>
      <Button kind="danger" size="s" className="push" icon={Pause} onClick={() => setOpen(true)}>
        <Trans>Suspendre…</Trans>
      </Button>
      <Dialog open={open} onClose={() => setOpen(false)} sheet title={<Trans>Suspendre {numbers}</Trans>}>
        <form className="stack" onSubmit={(event) => void submit(event)}>
          <SuspensionFields />
          {error ? (
            <Refusal error={error.error} act={`${cameraNumber(error.camera)} ${error.camera.name}`} />
          ) : null}
          <footer className="row">
            <Button onClick={() => setOpen(false)}>
              <Trans>Renoncer</Trans>
            </Button>
            <Button kind="danger-fill" type="submit" busy={busy}>
              <Trans>Confirmer la suspension</Trans>
            </Button>
          </footer>
        </form>
      </Dialog>
    </div>
  );
}
