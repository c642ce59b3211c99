import { Trans } from "@lingui/react/macro";
import { useQueryClient } from "@tanstack/react-query";
import type { LucideIcon } from "lucide-react";
import { type FormEvent, type ReactNode, useState } from "react";
import { Button, type ButtonKind } from "./Button";
import { Dialog } from "./Dialog";
import { useStepUp } from "./PasswordStepUp";
import { Refusal } from "./Refusal";
import { useToast } from "./Toasts";
import { useAttempt } from "./useAttempt";

export interface ActDialogProps {
  open: boolean;
  onClose: () => void;
  /** Names the act and its object. */
  title: ReactNode;
  /** The confirming button names the act, never "OK". */
  confirm: ReactNode;
  icon?: LucideIcon;
  danger?: boolean;
  /** The law always wants the password again for it. */
  grave?: boolean;
  /** Said before: what the act does. */
  children?: ReactNode;
  /** Runs the act; a refusal of the server is shown in the dialog, which stays open with what was typed. */
  run: (data: FormData) => Promise<unknown>;
  /** Reads that the act makes stale. */
  stale: readonly string[];
  /** The sentence that confirms it, or what makes it from the act's answer. */
  done: string | ((made: unknown) => string);
}

/** One act of the law: what it does, its fields, one confirming button, its refusal in place. */
export function ActDialog(props: ActDialogProps) {
  return (
    <Dialog open={props.open} onClose={props.onClose} sheet title={props.title}>
      <ActForm {...props} />
    </Dialog>
  );
}

function ActForm({ onClose, confirm, icon, danger, grave, children, run, stale, done }: ActDialogProps) {
  const client = useQueryClient();
  const toast = useToast();
  const guarded = useStepUp();
  const { busy, error, attempt } = useAttempt();
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const data = new FormData(event.currentTarget);
    await attempt(async () => {
      const made = await guarded(() => run(data), grave);
      onClose();
      toast(typeof done === "string" ? done : done(made));
    });
    for (const key of stale) void client.invalidateQueries({ queryKey: [key] });
  };
  return (
    <form className="stack" onSubmit={(event) => void submit(event)}>
      {children}
      {error ? <Refusal error={error} /> : null}
      <footer className="row">
        <Button onClick={onClose}>
          <Trans>Renoncer</Trans>
        </Button>
        <Button
          kind={danger ? "danger-fill" : "primary"}
          type="submit"
          busy={busy}
          {...(icon ? { icon } : {})}
        >
          {confirm}
        </Button>
      </footer>
    </form>
  );
}

interface ActButtonProps extends Omit<ActDialogProps, "open" | "onClose"> {
  label: ReactNode;
  kind?: ButtonKind;
  size?: "s" | "m" | "l";
  wide?: boolean;
}

/** A button that opens the dialog of its act. Focus comes back to it. */
export function ActButton({ label, kind, size, wide, ...dialog }: ActButtonProps) {
  const [open, setOpen] = useState(false);
  return (
    <>
      <Button
        kind={kind}
        size={size}
        wide={wide}
        {...(dialog.icon ? { icon: dialog.icon } : {})}
        onClick={() => setOpen(true)}
      >
        {label}
      </Button>
      <ActDialog {...dialog} open={open} onClose={() => setOpen(false)} />
    </>
  );
}

/** A text of a form, trimmed; empty when absent. */
export function textOf(data: FormData, name: string): string {
  const value = data.get(name);
  return typeof value === "string" ? value.trim() : "";
}
