import { useLingui } from "@lingui/react/macro";
import type { FormEvent, ReactNode } from "react";
import { Button } from "../../parts/Button";
import { TextField } from "../../parts/Field";
import { Refusal } from "../../parts/Refusal";
import { useAttempt } from "../../parts/useAttempt";

interface NewPasswordFormProps {
  /** The fields of the code that lets its owner choose. */
  children: ReactNode;
  /** The confirming button, which names the act. */
  confirm: ReactNode;
  run: (login: string, data: FormData, password: string) => Promise<unknown>;
  onDone: () => void;
}

/** Who, with which code, and the password that they choose for themselves. */
export function NewPasswordForm({ children, confirm, run, onDone }: NewPasswordFormProps) {
  const { t } = useLingui();
  const { busy, error, attempt } = useAttempt();
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const data = new FormData(event.currentTarget);
    const of = (name: string) => String(data.get(name) ?? "");
    await attempt(async () => {
      await run(of("username").trim(), data, of("password"));
      onDone();
    });
  };
  return (
    <form className="stack" onSubmit={(event) => void submit(event)}>
      {error ? <Refusal error={error} /> : null}
      <TextField
        label={t`Identifiant`}
        name="username"
        autoComplete="username"
        autoCapitalize="none"
        spellCheck={false}
        required
      />
      {children}
      <TextField
        label={t`Nouveau mot de passe`}
        name="password"
        type="password"
        autoComplete="new-password"
        minLength={12}
        required
        help={t`Douze caractères au moins. Une courte phrase se retient bien.`}
      />
      <Button kind="primary" size="l" wide type="submit" busy={busy}>
        {confirm}
      </Button>
    </form>
  );
}
