import { Trans, useLingui } from "@lingui/react/macro";
import { useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { EyeOff, ScrollText, Timer } from "lucide-react";
import { type FormEvent, useEffect, useRef, useState } from "react";
import { passkeySignIn, passkeysHere } from "../../api/passkeys";
import { Problem } from "../../api/problem";
import { type Session, sessionQuery, signIn } from "../../api/session";
import { Button } from "../../parts/Button";
import { CodeField, TextField } from "../../parts/Field";
import { Brand, Town } from "../../parts/Marks";
import { PasskeyButton } from "../../parts/PasskeyButton";
import { Refusal } from "../../parts/Refusal";
import { LanguageButton, ThemeButton } from "../../shell/AccountMenu";
import { useTitle } from "../../shell/Page";
import { DemoAccounts } from "./DemoAccounts";
import { ProviderButtons } from "./ProviderButtons";

/** The door: a named account, by passkey or by password. */
export function SignInPage() {
  const { t } = useLingui();
  useTitle(t`Connexion`);
  return (
    <>
      <a className="skip" href="#contenu">
        <Trans>Aller au contenu</Trans>
      </a>
      <div className="door">
        <Promises />
        <main className="door-r" id="contenu" tabIndex={-1}>
          <div className="stack-s">
            <h1>
              <Trans>Se connecter</Trans>
            </h1>
            <p className="dim">
              <Trans>Vidéoprotection des communes</Trans>
            </p>
          </div>
          <SignInForm />
          <p className="small dim">
            <Trans>Comptes nominatifs uniquement. Toute connexion est enregistrée.</Trans>
            <br />
            <Link to="/accessibilite">
              <Trans>Accessibilité : partiellement conforme</Trans>
            </Link>
          </p>
          <div className="row">
            <LanguageButton />
            <ThemeButton />
          </div>
        </main>
      </div>
    </>
  );
}

/** What Guet promises, in three sentences. */
function Promises() {
  const { t } = useLingui();
  return (
    <aside className="door-l" aria-label={t`À propos de Guet`}>
      <div className="brand">
        <Brand />
      </div>
      <div className="say">
        <p>
          <Trans>La vidéoprotection de votre commune, sous la seule autorité de son maire.</Trans>
        </p>
        <ul>
          <li>
            <EyeOff className="ic" aria-hidden />
            <span>
              <Trans>Les zones privées sont effacées avant tout affichage et tout enregistrement.</Trans>
            </span>
          </li>
          <li>
            <ScrollText className="ic" aria-hidden />
            <span>
              <Trans>Chaque consultation est inscrite au journal, avec son motif.</Trans>
            </span>
          </li>
          <li>
            <Timer className="ic" aria-hidden />
            <span>
              <Trans>Les images sont détruites à leur terme, sauf gel demandé par une autorité.</Trans>
            </span>
          </li>
        </ul>
      </div>
      <Town />
    </aside>
  );
}

function SignInForm() {
  const { t } = useLingui();
  const client = useQueryClient();
  const navigate = useNavigate();
  const { suite } = useSearch({ from: "/connexion" });
  const [missing, setMissing] = useState<{ login?: boolean; password?: boolean }>({});
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const [wantsCode, setWantsCode] = useState(false);
  const summary = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (error) summary.current?.focus();
  }, [error]);
  const welcome = async (session: Session) => {
    client.clear();
    client.setQueryData(sessionQuery.queryKey, session);
    await navigate({ to: "/commune", search: suite ? { suite } : {} });
  };
  const enter = async (login: string, password: string, code = "") => {
    setBusy(true);
    setError(null);
    try {
      await welcome(await signIn(login, password, code));
    } catch (failure) {
      // The field that appears says it; a second time, the server's words do.
      if (failure instanceof Problem && failure.needsCode && !wantsCode) setWantsCode(true);
      else setError(failure);
    } finally {
      setBusy(false);
    }
  };
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    const data = new FormData(form);
    const login = String(data.get("username")).trim();
    const password = String(data.get("password"));
    setMissing({ login: login === "", password: password === "" });
    if (!login || !password) {
      form.querySelector<HTMLInputElement>(login ? "[name=password]" : "[name=username]")?.focus();
      return;
    }
    void enter(login, password, String(data.get("code") ?? ""));
  };
  return (
    <>
      <form className="stack" noValidate onSubmit={submit}>
        {error ? (
          <div ref={summary} tabIndex={-1}>
            <Refusal error={error} />
          </div>
        ) : null}
        <PasskeyButton
          kind="primary"
          size="l"
          wide
          run={async () => welcome(await passkeySignIn())}
          onError={setError}
        >
          <Trans>Entrer avec une clé d’accès</Trans>
        </PasskeyButton>
        <TextField
          label={t`Identifiant`}
          name="username"
          autoComplete="username"
          autoCapitalize="none"
          spellCheck={false}
          error={missing.login ? t`Donnez votre identifiant.` : null}
        />
        <TextField
          label={t`Mot de passe`}
          name="password"
          type="password"
          autoComplete="current-password"
          help={t`Il vous sera redemandé avant une décision, une extraction ou une validation.`}
          error={missing.password ? t`Donnez votre mot de passe.` : null}
        />
        {wantsCode ? <CodeField autoFocus /> : null}
        <Button kind={passkeysHere() ? "plain" : "primary"} size="l" wide type="submit" busy={busy}>
          <Trans>Continuer</Trans>
        </Button>
        <ProviderButtons next={suite} onError={setError} />
        <p className="small">
          <Link to="/invitation">
            <Trans>J’ai reçu une invitation : ouvrir mon compte</Trans>
          </Link>
        </p>
        <details className="small">
          <summary>
            <Trans>Je ne peux pas me connecter</Trans>
          </summary>
          <p className="dim">
            <Trans>
              Adressez-vous à la personne qui habilite dans votre commune : la cheffe de service ou le maire.
              L’hébergeur ne peut ni voir ni changer votre mot de passe.
            </Trans>
          </p>
          <p>
            <Link to="/retablir">
              <Trans>J’ai un code de rétablissement</Trans>
            </Link>
          </p>
        </details>
      </form>
      <DemoAccounts onChoose={(account) => void enter(account.login, account.password)} />
    </>
  );
}
