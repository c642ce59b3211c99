import type { MessageDescriptor } from "@lingui/core";
import { msg } from "@lingui/core/macro";
import { Trans, useLingui } from "@lingui/react/macro";
import type { ReactNode } from "react";
import type { OpenSession } from "../api/account";
import { TimeText } from "../parts";

const MEANS: Record<string, MessageDescriptor> = {
  password: msg`mot de passe`,
  "password+totp": msg`mot de passe et code`,
  "password+recovery_code": msg`mot de passe et code de secours`,
  passkey: msg`clé d’accès`,
};

interface SessionLinesProps {
  sessions: readonly OpenSession[];
  /** What may be done about one. */
  act?: (session: OpenSession) => ReactNode;
}

/** Where somebody is signed in: the workstation, since when, last used, by which means, for which commune. */
export function SessionLines({ sessions, act }: SessionLinesProps) {
  const { t, i18n } = useLingui();
  return (
    <ul className="stack-s" aria-label={t`Sessions ouvertes`}>
      {sessions.map((session) => (
        <li key={session.id} className="row row-between">
          <span>
            <b className="strong">{session.workstation}</b>
            {session.current ? (
              <>
                {" "}
                <Trans>(celle-ci)</Trans>
              </>
            ) : null}
            <br />
            <span className="small dim">
              <Trans>
                Depuis le <TimeText us={session.since_us} />, dernier acte le{" "}
                <TimeText us={session.seen_us} />
              </Trans>
              {MEANS[session.means] ? `, ${i18n._(MEANS[session.means] as MessageDescriptor)}` : ""}
              {session.means.startsWith("oidc:") ? `, ${t`fournisseur d’identité`}` : ""}
              {session.commune ? `, ${session.commune}` : ""}
              {session.held ? `, ${t`ne sert que sur ce poste-là`}` : ""}
            </span>
            {session.elsewhere_us ? (
              <>
                <br />
                <b className="small strong">
                  <Trans>
                    Présentée sur un autre poste le <TimeText us={session.elsewhere_us} />, et refusée :
                    fermez-la si ce n’est pas vous.
                  </Trans>
                </b>
              </>
            ) : null}
          </span>
          {act?.(session)}
        </li>
      ))}
    </ul>
  );
}
