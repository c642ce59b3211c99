import { Trans, useLingui } from "@lingui/react/macro";
import { useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { useEffect, useRef, useState } from "react";
import {
  comesToLink,
  type Homecoming,
  nextAfterReturn,
  providerLink,
  providerSignIn,
} from "../../api/providers";
import { type Session, sessionQuery } from "../../api/session";
import { buttonClass } from "../../parts/Button";
import { Refusal } from "../../parts/Refusal";
import { Loading } from "../../parts/Void";
import { LanguageButton, ThemeButton } from "../../shell/AccountMenu";
import { OutsidePage } from "../../shell/OutsidePage";

/** What the address carries; then it is taken out of it, so that no history keeps a code. */
function takeHomecoming(): Homecoming {
  const given = new URLSearchParams(window.location.search);
  window.history.replaceState(window.history.state, "", window.location.pathname);
  const of = (name: string) => given.get(name) ?? "";
  return { state: of("state"), code: of("code"), iss: of("iss"), error: of("error") };
}

/** What came back is handed over once, however often the page is drawn while its address changes. */
let handed: { link: boolean; done: Promise<Session | null> } | undefined;

function handOver() {
  const homecoming = takeHomecoming();
  if (handed === undefined || homecoming.state || homecoming.error) {
    const link = comesToLink(homecoming);
    handed = { link, done: link ? providerLink(homecoming).then(() => null) : providerSignIn(homecoming) };
  }
  return handed;
}

/** Coming back from an identity provider: the code is handed to the server, once, and the person goes on. */
export function ReturnPage() {
  const { t } = useLingui();
  const client = useQueryClient();
  const navigate = useNavigate();
  const [error, setError] = useState<unknown>(null);
  const [links, setLinks] = useState(false);
  const begun = useRef(false);
  useEffect(() => {
    if (begun.current) return;
    begun.current = true;
    const { link, done } = handOver();
    setLinks(link);
    const finish = async () => {
      const session = await done;
      if (session === null) return navigate({ to: "/compte" });
      client.clear();
      client.setQueryData(sessionQuery.queryKey, session);
      const suite = nextAfterReturn();
      await navigate({ to: "/commune", search: suite ? { suite } : {} });
    };
    finish().catch(setError);
  }, [client, navigate]);
  return (
    <OutsidePage
      title={t`Retour du fournisseur d’identité`}
      acts={
        <>
          <LanguageButton />
          <ThemeButton />
        </>
      }
    >
      <h1>
        <Trans>Retour du fournisseur d’identité</Trans>
      </h1>
      {error ? (
        <>
          <Refusal error={error} />
          <div className="row">
            <Link className={buttonClass({ kind: "primary" })} to={links ? "/compte" : "/connexion"}>
              {links ? <Trans>Retour à mon compte</Trans> : <Trans>Aller à la connexion</Trans>}
            </Link>
          </div>
        </>
      ) : (
        <Loading />
      )}
    </OutsidePage>
  );
}
