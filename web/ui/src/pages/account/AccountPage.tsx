import { Trans, useLingui } from "@lingui/react/macro";
import { getRouteApi, Link } from "@tanstack/react-router";
import { ArrowLeft } from "lucide-react";
import { Brand, buttonClass, StepUpProvider, ToastProvider } from "../../parts";
import { SessionProvider, useSession } from "../../session/SessionContext";
import { SessionGuard } from "../../session/SessionGuard";
import { LanguageButton, ThemeButton } from "../../shell/AccountMenu";
import { useTitle } from "../../shell/Page";
import { PasskeysCard } from "./PasskeysCard";
import { PasswordCard } from "./PasswordCard";
import { SessionsCard } from "./SessionsCard";

const route = getRouteApi("/compte");

/** A person's own account, whatever they act for: how they sign in. */
export function AccountPage() {
  const { session } = route.useRouteContext();
  return (
    <SessionProvider initial={session}>
      <ToastProvider>
        <StepUpProvider>
          <Cards />
          <SessionGuard />
        </StepUpProvider>
      </ToastProvider>
    </SessionProvider>
  );
}

function Cards() {
  const { t } = useLingui();
  useTitle(t`Mon compte`);
  const { person } = useSession();
  return (
    <>
      <a className="skip" href="#contenu">
        <Trans>Aller au contenu</Trans>
      </a>
      <main className="pick" id="contenu" tabIndex={-1}>
        <div className="row">
          <span className="brand">
            <Brand />
          </span>
          <span className="push row">
            <LanguageButton />
            <ThemeButton />
          </span>
        </div>
        <div className="stack-s">
          <h1>
            <Trans>Mon compte</Trans>
          </h1>
          <p className="dim">
            {person.label} ({person.login})
          </p>
        </div>
        <PasskeysCard />
        <PasswordCard />
        <SessionsCard />
        <div className="row">
          <Link className={buttonClass({ kind: "quiet" })} to="/">
            <ArrowLeft className="ic" aria-hidden />
            <Trans>Retour</Trans>
          </Link>
        </div>
      </main>
    </>
  );
}
