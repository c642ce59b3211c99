import { Trans, useLingui } from "@lingui/react/macro";
import { useQuery } from "@tanstack/react-query";
import { IdCard, Link2, Trash2 } from "lucide-react";
import { useState } from "react";
import { type Account, accountQuery, type Identity } from "../../api/account";
import { leaveToLink, type Provider, providersQuery, removeIdentity } from "../../api/providers";
import { formatDate } from "../../i18n/format";
import {
  ActButton,
  Button,
  Card,
  EmptyState,
  QueryView,
  Refusal,
  StepUpCancelled,
  useStepUp,
} from "../../parts";

/** The person's identities at the providers that the host declares, linked and removed by them alone. */
export function IdentitiesCard() {
  const providers = useQuery(providersQuery).data?.providers ?? [];
  const query = useQuery(accountQuery);
  if (providers.length === 0 && !query.data?.identities.length) return null;
  return (
    <Card title={<Trans>Identités liées</Trans>}>
      <p className="small dim">
        <Trans>
          Une identité liée vous laisse entrer par votre fournisseur d’identité. Elle ne confirme ni décision
          ni extraction : votre mot de passe ou une clé d’accès y reste nécessaire.
        </Trans>
      </p>
      <QueryView query={query} level={3}>
        {(account) => <Identities account={account} providers={providers} />}
      </QueryView>
    </Card>
  );
}

function Identities({ account, providers }: { account: Account; providers: readonly Provider[] }) {
  return (
    <div className="stack">
      {account.identities.length === 0 ? (
        <EmptyState icon={IdCard} level={3} title={<Trans>Aucune identité liée</Trans>} />
      ) : (
        <ul className="stack-s">
          {account.identities.map((identity) => (
            <IdentityLine
              key={identity.id}
              identity={identity}
              provider={providers.find(({ id }) => id === identity.provider)?.label ?? identity.provider}
            />
          ))}
        </ul>
      )}
      {providers.map((provider) => (
        <LinkIdentity key={provider.id} provider={provider} />
      ))}
    </div>
  );
}

function IdentityLine({ identity, provider }: { identity: Identity; provider: string }) {
  const { t } = useLingui();
  return (
    <li className="row row-between">
      <span>
        <b className="strong">{provider}</b> {identity.label}
        <br />
        <span className="small dim">
          <Trans>Liée le {formatDate(identity.created_us)}.</Trans>{" "}
          {identity.used_us === null ? (
            <Trans>Jamais utilisée.</Trans>
          ) : (
            <Trans>Utilisée le {formatDate(identity.used_us)}.</Trans>
          )}
        </span>
      </span>
      <ActButton
        label={
          <>
            <Trans>Retirer…</Trans> <span className="vh">{provider}</span>
          </>
        }
        size="s"
        icon={Trash2}
        danger
        grave
        title={<Trans>Retirer l’identité {provider}</Trans>}
        confirm={<Trans>Retirer</Trans>}
        run={() => removeIdentity(identity.id)}
        stale={["account"]}
        done={t`Identité retirée.`}
      >
        <p>
          <Trans>Elle n’ouvrira plus votre compte. Les sessions ouvertes le restent.</Trans>
        </p>
      </ActButton>
    </li>
  );
}

function LinkIdentity({ provider }: { provider: Provider }) {
  const guarded = useStepUp();
  const [error, setError] = useState<unknown>(null);
  const begin = async () => {
    setError(null);
    try {
      await guarded(() => leaveToLink(provider.id), true);
    } catch (failure) {
      if (!(failure instanceof StepUpCancelled)) setError(failure);
    }
  };
  return (
    <div className="stack-s">
      <div className="row">
        <Button icon={Link2} onClick={() => void begin()}>
          <Trans>Lier mon identité {provider.label}</Trans>
        </Button>
      </div>
      {error ? <Refusal error={error} /> : null}
    </div>
  );
}
