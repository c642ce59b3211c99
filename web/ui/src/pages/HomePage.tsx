import { Trans, useLingui } from "@lingui/react/macro";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { buttonClass, Card, Note, type Step, Steps } from "../parts";
import { ROLE_WORDS } from "../session/roles";
import { useActing, useSession } from "../session/SessionContext";
import { homeOf, NAVIGATION } from "../shell/navigation";
import { PageHead } from "../shell/Page";

/** The first page of a demonstration: a short guided path, and where the present role comes in. */
export function HomePage() {
  const { t, i18n } = useLingui();
  const { role, name, commune } = useActing();
  const { person } = useSession();
  return (
    <>
      <PageHead
        title={t`Découvrir Guet en sept pas`}
        lead={
          <Trans>
            Démonstration : communes et comptes inventés, caméras virtuelles. Vous êtes {person.label},{" "}
            {i18n._(ROLE_WORDS[role])}, pour {name || commune}.
          </Trans>
        }
        acts={
          <Link className={buttonClass({ kind: "primary" })} to={homeOf(role)}>
            <Trans>Ouvrir ma page</Trans>
          </Link>
        }
      />
      <Note kind="info" title={<Trans>Chaque pas demande un rôle : c’est le sujet.</Trans>}>
        <Trans>
          Déconnectez-vous et revenez avec le compte indiqué. Ce qu’un rôle ne peut jamais faire, il ne le
          voit pas.
        </Trans>
      </Note>
      <Card title={<Trans>Le parcours</Trans>}>
        <Path />
      </Card>
    </>
  );
}

interface GuideStep {
  key: string;
  label: string;
  who: string;
  to: string;
  act: ReactNode;
}

function Path() {
  const { t } = useLingui();
  const { role } = useActing();
  const open = new Set(NAVIGATION[role].map((entry) => entry.to));
  const guide: GuideStep[] = [
    {
      key: "find",
      label: t`Trouver et enrôler une caméra`,
      who: t`Installateur`,
      to: "/decouverte",
      act: <Trans>Lancer la découverte</Trans>,
    },
    {
      key: "life",
      label: t`L’autoriser, la cadrer, tracer ses zones privées`,
      who: t`Cheffe de service, puis maire pour valider`,
      to: "/cameras",
      act: <Trans>Ouvrir les caméras</Trans>,
    },
    {
      key: "wall",
      label: t`Regarder en direct, avec un motif`,
      who: t`Agent de police municipale`,
      to: "/mur",
      act: <Trans>Ouvrir le mur</Trans>,
    },
    {
      key: "replay",
      label: t`Relire ; les images s’ouvrent dans votre navigateur`,
      who: t`Agent de police municipale`,
      to: "/relecture",
      act: <Trans>Ouvrir la relecture</Trans>,
    },
    {
      key: "request",
      label: t`Enregistrer une réquisition : elle gèle les images`,
      who: t`Secrétariat ou agent`,
      to: "/demandes",
      act: <Trans>Voir les demandes</Trans>,
    },
    {
      key: "decide",
      label: t`Décider, sur un téléphone, sans voir d’image`,
      who: t`Maire ou adjointe déléguée`,
      to: "/decider",
      act: <Trans>Voir ce qui attend</Trans>,
    },
    {
      key: "journal",
      label: t`Vérifier le journal, entrée par entrée`,
      who: t`Auditrice, DPO`,
      to: "/journal",
      act: <Trans>Ouvrir le journal</Trans>,
    },
  ];
  const steps: Step[] = guide.map((step) => ({
    key: step.key,
    label: step.label,
    detail: step.who,
    detail2: open.has(step.to) ? <Link to={step.to}>{step.act}</Link> : undefined,
    state: "todo",
  }));
  return <Steps vertical steps={steps} label={t`Parcours de démonstration`} />;
}
