import { Trans, useLingui } from "@lingui/react/macro";
import { CircleAlert, Lock } from "lucide-react";
import type { ReactNode, Ref } from "react";
import { formatSpan } from "../../i18n/format";
import { Button, Card, Facts, RuleTag } from "../../parts";
import { instantOf } from "../../parts/DateFields";
import { FRAMES, fieldWord } from "./frames";
import type { Missing, RequestDraft } from "./requestForm";

interface RequestSummaryProps {
  draft: RequestDraft;
  missing: readonly Missing[];
  tried: boolean;
  busy: boolean;
  ref: Ref<HTMLDivElement>;
  children: ReactNode;
}

/** What registering does, what is missing, and the one button that says both acts. */
export function RequestSummary({ draft, missing, tried, busy, ref, children }: RequestSummaryProps) {
  const { t, i18n } = useLingui();
  const words = useMissingWords(draft);
  const from = instantOf(draft.from);
  const to = instantOf(draft.to);
  return (
    <div className="stick stack">
      <Card title={draft.collects ? <Trans>À l’ouverture</Trans> : <Trans>À l’enregistrement</Trans>}>
        {draft.collects ? <CollectionPath /> : <RequestPath />}
        <Facts
          items={[
            { label: t`Cadre`, value: draft.frame ? i18n._(FRAMES[draft.frame].name) : "—" },
            {
              label: t`Plage`,
              value: from !== null && to !== null && to > from ? formatSpan(from, to) : "—",
            },
            { label: t`Caméras`, value: draft.cameras.length || "—" },
          ]}
        />
        <div ref={ref} tabIndex={-1} className="stack-s">
          {children}
          {tried && missing.length > 0 ? (
            <p className="err" role="alert">
              <CircleAlert className="ic" aria-hidden />
              <span>
                <Trans>Reste à saisir : {missing.map(words).join(", ")}.</Trans>
              </span>
            </p>
          ) : null}
        </div>
        <Button kind="primary" type="submit" icon={Lock} wide busy={busy}>
          {draft.collects ? <Trans>Ouvrir et geler</Trans> : <Trans>Enregistrer et geler</Trans>}
        </Button>
      </Card>
      <p className="small dim">
        {draft.collects ? (
          <Trans>Sans extraction dans les quinze jours, le gel tombe et les images suivent leur terme.</Trans>
        ) : (
          <Trans>
            Sans autorisation dans les quinze jours, le gel provisoire tombe et les images suivent leur terme.
          </Trans>
        )}
      </p>
    </div>
  );
}

function RequestPath() {
  return (
    <ol className="path">
      <Step title={<Trans>Gel provisoire, aussitôt</Trans>} rule="P-34">
        <Trans>Quinze jours. Rien n’est montré ni copié.</Trans>
      </Step>
      <Step title={<Trans>Contrôle de forme</Trans>}>
        <Trans>Les champs que le cadre exige</Trans>
      </Step>
      <Step title={<Trans>Décision du maire</Trans>}>
        <Trans>Prévenu par un courriel sans donnée personnelle</Trans>
      </Step>
      <Step title={<Trans>Extraction, puis remise</Trans>} last>
        <Trans>Seulement après une décision favorable</Trans>
      </Step>
    </ol>
  );
}

/** What opening a collection does: nobody decides, the mayor is told (P-73). */
function CollectionPath() {
  return (
    <ol className="path">
      <Step title={<Trans>Gel provisoire, aussitôt</Trans>} rule="P-34">
        <Trans>Quinze jours. Rien n’est montré ni copié.</Trans>
      </Step>
      <Step title={<Trans>Contrôle de votre accès</Trans>} rule="P-50">
        <Trans>Habilitation, arrêté, caméras, à cet instant</Trans>
      </Step>
      <Step title={<Trans>Le maire averti</Trans>} rule="P-73">
        <Trans>Sa décision n’est pas requise</Trans>
      </Step>
      <Step title={<Trans>Votre extraction, puis votre reçu</Trans>} last>
        <Trans>Le journal et le paquet portent ce fondement</Trans>
      </Step>
    </ol>
  );
}

interface StepProps {
  title: ReactNode;
  rule?: string;
  last?: boolean;
  children: ReactNode;
}

/** One step of a path: what comes, and in small what it means and by which rule. */
function Step({ title, rule, last = false, children }: StepProps) {
  return (
    <li className={last ? "end" : undefined}>
      <b className="strong">{title}</b>
      <small>
        {children} <RuleTag rule={rule} />
      </small>
    </li>
  );
}

function useMissingWords(draft: RequestDraft): (missing: Missing) => string {
  const { t, i18n } = useLingui();
  return (missing) => {
    switch (missing) {
      case "frame":
        return t`le cadre légal`;
      case "cameras":
        return t`une caméra`;
      case "from":
        return t`le début`;
      case "to":
        return t`la fin`;
      case "order":
        return t`une fin après le début`;
      case "motive":
        return t`l’objet`;
      case "authorisation":
        return t`l’autorisation du procureur`;
      default:
        return i18n._(fieldWord(missing, draft.collects ?? false, draft.frame)).toLowerCase();
    }
  };
}
