import { Plural, Trans, useLingui } from "@lingui/react/macro";
import { useQuery } from "@tanstack/react-query";
import { KeyRound, ShieldOff } from "lucide-react";
import { accountQuery, changePassword, removeSecondFactor } from "../../api/account";
import { formatDate } from "../../i18n/format";
import { ActButton, Card, Facts, Note, QueryView, TextField } from "../../parts";
import { EnrolSecondFactor } from "./EnrolSecondFactor";

/** The password, for where no passkey goes, and the second factor that goes with it. */
export function PasswordCard() {
  const { t } = useLingui();
  const query = useQuery(accountQuery);
  return (
    <Card title={<Trans>Mot de passe et second facteur</Trans>}>
      <QueryView query={query} level={3}>
        {({ second_factor: { since_us, codes_left } }) => (
          <div className="stack">
            <Facts
              items={[
                {
                  label: t`Second facteur`,
                  value: since_us === null ? t`Non demandé` : t`Demandé depuis le ${formatDate(since_us)}`,
                },
                since_us !== null && {
                  label: t`Codes de secours`,
                  value: <Plural value={codes_left} one="# restant" other="# restants" />,
                },
              ]}
            />
            {since_us === null ? (
              <Note kind="warn" title={<Trans>Le mot de passe seul ouvre votre compte.</Trans>}>
                <Trans>Un code à usage unique, ou mieux une clé d’accès, le protège d’un vol.</Trans>
              </Note>
            ) : null}
            <div className="row">
              <ChangePassword />
              {since_us === null ? <EnrolSecondFactor /> : <RemoveSecondFactor />}
            </div>
          </div>
        )}
      </QueryView>
    </Card>
  );
}

function ChangePassword() {
  const { t } = useLingui();
  return (
    <ActButton
      label={<Trans>Changer de mot de passe…</Trans>}
      icon={KeyRound}
      title={<Trans>Changer de mot de passe</Trans>}
      confirm={<Trans>Changer</Trans>}
      run={(data) => changePassword(String(data.get("password")), String(data.get("new")))}
      stale={["account"]}
      done={t`Mot de passe changé ; vos autres sessions sont fermées.`}
    >
      <TextField
        label={t`Mot de passe actuel`}
        name="password"
        type="password"
        autoComplete="current-password"
        required
      />
      <TextField
        label={t`Nouveau mot de passe`}
        name="new"
        type="password"
        autoComplete="new-password"
        minLength={12}
        required
        help={t`Douze caractères au moins. Vos autres sessions seront fermées.`}
      />
    </ActButton>
  );
}

function RemoveSecondFactor() {
  const { t } = useLingui();
  return (
    <ActButton
      label={<Trans>Retirer le second facteur…</Trans>}
      icon={ShieldOff}
      danger
      grave
      title={<Trans>Retirer le second facteur</Trans>}
      confirm={<Trans>Retirer le second facteur</Trans>}
      run={removeSecondFactor}
      stale={["account"]}
      done={t`Second facteur retiré.`}
    >
      <p>
        <Trans>Le mot de passe seul ouvrira de nouveau votre compte ; les codes de secours tombent.</Trans>
      </p>
    </ActButton>
  );
}
