import { Trans, useLingui } from "@lingui/react/macro";
import { Link } from "@tanstack/react-router";
import { Check, Printer, UserPlus } from "lucide-react";
import { useEffect, useRef } from "react";
import { addPerson, type Invitation } from "../../api/people";
import { ActButton, Button, buttonClass, Card, TextField, textOf } from "../../parts";
import { useActing } from "../../session/SessionContext";
import { InvitationTicket } from "./InvitationTicket";

/** An invitation as it was just made, with what its maker typed. */
export interface Invited extends Invitation {
  label: string;
  login: string;
}

/** Invites one person to an account of theirs: nobody else ever knows its password. */
export function InviteAct({ onMade }: { onMade: (made: Invited) => void }) {
  const { t } = useLingui();
  const { commune } = useActing();
  const run = async (data: FormData) => {
    const given = {
      login: textOf(data, "login"),
      label: textOf(data, "label"),
      email: textOf(data, "email"),
    };
    onMade({ ...(await addPerson(commune, given)), ...given });
  };
  return (
    <ActButton
      label={<Trans>Inviter une personne…</Trans>}
      kind="primary"
      icon={UserPlus}
      grave
      title={<Trans>Inviter une personne</Trans>}
      confirm={<Trans>Inviter</Trans>}
      run={run}
      stale={["people"]}
      done={t`Invitation prête. Remettez-la en main propre.`}
    >
      <p className="small dim">
        <Trans>
          Un compte par personne, jamais partagé. La personne choisit son mot de passe ; sans habilitation, le
          compte n’ouvre rien.
        </Trans>
      </p>
      <TextField
        label={t`Fonction affichée`}
        name="label"
        required
        maxLength={80}
        autoComplete="off"
        help={t`La fonction et le matricule : « Agent PM 12 ».`}
      />
      <TextField
        label={t`Identifiant`}
        name="login"
        required
        minLength={3}
        maxLength={120}
        autoComplete="off"
        autoCapitalize="none"
        spellCheck={false}
      />
      <TextField
        label={t`Courriel de service (facultatif)`}
        name="email"
        type="email"
        maxLength={200}
        autoComplete="off"
        help={t`Pour être prévenu, sans donnée personnelle dans le message.`}
      />
    </ActButton>
  );
}

/** The invitation to hand over, alone on its page, so that it prints alone; it is gone once left. */
export function InvitationSheet({ made, onDone }: { made: Invited; onDone: () => void }) {
  const sheet = useRef<HTMLDivElement>(null);
  useEffect(() => sheet.current?.focus(), []);
  return (
    <div className="paper stack" ref={sheet} tabIndex={-1}>
      <Card title={<Trans>Invitation : {made.label}</Trans>}>
        <div className="stack">
          <InvitationTicket made={made} login={made.login} />
          <div className="row no-print">
            <Button icon={Printer} onClick={() => window.print()}>
              <Trans>Imprimer</Trans>
            </Button>
            <Link
              className={buttonClass({ kind: "primary" })}
              to="/habilitations/$person"
              params={{ person: made.person }}
            >
              <Trans>Enregistrer son habilitation</Trans>
            </Link>
            <Button kind="quiet" icon={Check} onClick={onDone}>
              <Trans>Retour à la liste</Trans>
            </Button>
          </div>
        </div>
      </Card>
    </div>
  );
}
