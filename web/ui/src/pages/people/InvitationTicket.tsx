import { Trans, useLingui } from "@lingui/react/macro";
import type { Invitation } from "../../api/people";
import { Facts, Note, TimeText } from "../../parts";

interface InvitationTicketProps {
  made: Invitation;
  /** Known to whoever has just chosen it. */
  login?: string | undefined;
}

/** The address where an invitation is opened, on whatever machine its owner opens it. */
const address = () => `${window.location.origin}/invitation`;

/** What the invited person needs to open their account, shown once to whoever invites them. */
export function InvitationTicket({ made, login }: InvitationTicketProps) {
  const { t } = useLingui();
  return (
    <>
      <Facts
        items={[
          { label: t`Adresse à ouvrir`, value: <span translate="no">{address()}</span> },
          login ? { label: t`Identifiant`, value: <code translate="no">{login}</code> } : null,
          { label: t`Code de l’invitation`, value: <code translate="no">{made.invitation}</code> },
          { label: t`Valable jusqu’au`, value: <TimeText us={made.until_us} /> },
        ]}
      />
      <Note kind="warn" live title={<Trans>Ce code est montré une seule fois.</Trans>}>
        <Trans>
          À remettre en main propre, à personne d’autre. L’invitation ne s’ouvre pas sur ce poste : la
          personne l’ouvre sur le sien ou sur son téléphone, et choisit elle-même son mot de passe.
        </Trans>
      </Note>
    </>
  );
}
