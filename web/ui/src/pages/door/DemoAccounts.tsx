import { Trans, useLingui } from "@lingui/react/macro";
import { useQuery } from "@tanstack/react-query";
import { type DemoAccount, demoQuery } from "../../api/session";
import { typesetFrench } from "../../i18n/typeset";
import { Button } from "../../parts/Button";

/** The accounts of a demonstration, each one press from being tried; nothing on a real service. */
export function DemoAccounts({ onChoose }: { onChoose: (account: DemoAccount) => void }) {
  const { t } = useLingui();
  const accounts = useQuery(demoQuery).data?.accounts ?? [];
  if (accounts.length === 0) return null;
  return (
    <section className="stack-s" aria-label={t`Comptes de démonstration`}>
      <h2>
        <Trans>Démonstration : choisissez un rôle</Trans>
      </h2>
      <p className="small dim">
        <Trans>Communes et comptes inventés ; chacun ouvre ce que son rôle permet.</Trans>
      </p>
      <ul className="demo-accounts">
        {accounts.map((account) => (
          <li key={account.login}>
            <Button size="s" wide onClick={() => onChoose(account)}>
              <span>
                <b>{account.label}</b>
                <small className="dim" lang="fr">
                  {typesetFrench(account.does)}
                </small>
              </span>
            </Button>
          </li>
        ))}
      </ul>
    </section>
  );
}
