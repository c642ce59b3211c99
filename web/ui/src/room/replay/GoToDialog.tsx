import { Trans } from "@lingui/react/macro";
import { lazy, Suspense } from "react";
import { Dialog, Loading } from "../../parts";
import type { GoToFormProps } from "./GoToForm";

/** Loaded when it is asked for: its fields for dates weigh more than what a replay shows first. */
const GoToForm = lazy(() => import("./GoToForm").then(({ GoToForm: form }) => ({ default: form })));

/** A jump to a typed date and time. */
export function GoToDialog({ open, ...form }: GoToFormProps & { open: boolean }) {
  return (
    <Dialog open={open} onClose={form.onClose} title={<Trans>Aller à un instant</Trans>}>
      <Suspense fallback={<Loading rows={1} />}>
        <GoToForm {...form} />
      </Suspense>
    </Dialog>
  );
}
