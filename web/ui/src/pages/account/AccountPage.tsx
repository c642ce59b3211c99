import { Trans, useLingui } from "@lingui/react/macro";
import { getRouteApi, Link } from "@tanstack/react-router";
import { ArrowLeft } from "lucide-react";
import { buttonClass, StepUpProvider, ToastProvider } from "../../parts";
import { SessionProvider, useSession } from "../../session/SessionContext";
import { SessionGuard } from "../../session/SessionGuard";
import { LanguageButton, ThemeButton } from "../../shell/AccountMenu";
import { AccountNotice } from "../../shell/AccountNotice";
import { OutsidePage } from "../../shell/OutsidePage";
import { IdentitiesCard } from "./IdentitiesCard";
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
  const { person } = useSession();
  return (
    <OutsidePage
      title={t`Mon compte`}
      acts={
        <>
          <LanguageButton />
          <ThemeButton />
        </>
      }
    >
      <AccountNotice />
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
      <IdentitiesCard />
      <SessionsCard />
      <div className="row">
        <Link className={buttonClass({ kind: "quiet" })} to="/">
          <ArrowLeft className="ic" aria-hidden />
          <Trans>Retour</Trans>
        </Link>
      </div>
    </OutsidePage>
  );
}
