import { Trans, useLingui } from "@lingui/react/macro";
import { Ban, CircleX, SearchX, ServerOff, WifiOff } from "lucide-react";
import type { ReactNode } from "react";
import { NoPasskey, NoSecret, type Problem, problemOf } from "../api/problem";
import { Button } from "./Button";
import { Note } from "./Note";
import { RuleTag } from "./RuleTag";
import { ServerWords } from "./ServerWords";
import { StepUpCancelled } from "./useAttempt";
import { Void } from "./Void";

/** The sentence of a problem, in the server's words when it has some. */
function useSentence(problem: Problem): { title: ReactNode; body: ReactNode } {
  const { t } = useLingui();
  if (problem.status === 0) {
    return {
      title: t`Connexion perdue`,
      body: t`Le serveur ne répond pas. Ce que vous avez saisi est gardé ; l’enregistrement continue.`,
    };
  }
  const title = problem.what ? (
    <ServerWords what={problem.what} rule={problem.rule} />
  ) : (
    t`Le serveur a répondu par une erreur`
  );
  const fallback = problem.isUnavailable
    ? t`Sans ce service, aucune image ne s’affiche. L’enregistrement continue.`
    : t`Réessayez ; si cela se répète, donnez l’heure à la personne qui administre le service.`;
  const todo = problem.todo ? <ServerWords todo={problem.todo} /> : null;
  return { title, body: todo ?? (problem.isRefusal ? null : fallback) };
}

interface RefusalProps {
  error: unknown;
  /** What the person wanted, when the title alone would not say. */
  act?: ReactNode;
}

/** A refusal in the page: what is refused, under which rule, what to do. Never a code alone. */
export function Refusal({ error, act }: RefusalProps) {
  const problem = problemOf(error);
  const { title, body } = useSentence(problem);
  if (error instanceof StepUpCancelled) return null; // the person gave the act up: nothing was refused
  if (error instanceof NoPasskey) {
    return (
      <Note kind="warn" live title={<Trans>Aucune clé d’accès n’a répondu.</Trans>}>
        <Trans>Réessayez, avec une clé d’accès enregistrée pour ce site.</Trans>
      </Note>
    );
  }
  if (error instanceof NoSecret) {
    return (
      <Note kind="warn" live title={<Trans>Cette clé d’accès ne sait pas déverrouiller.</Trans>}>
        <Trans>Donnez votre phrase de passe, ou prenez une autre de vos clés d’accès.</Trans>
      </Note>
    );
  }
  return (
    <Note
      kind={problem.isRefusal ? "off" : "danger"}
      icon={problem.isRefusal ? Ban : CircleX}
      title={title}
      live
    >
      {act ? <span>{act}</span> : null}
      {body || problem.rule ? (
        <span>
          {body} <RuleTag rule={problem.rule} />
        </span>
      ) : null}
    </Note>
  );
}

function iconOf(problem: Problem) {
  if (problem.status === 0) return WifiOff;
  if (problem.isUnavailable) return ServerOff;
  if (problem.status === 404) return SearchX;
  return problem.isRefusal ? Ban : CircleX;
}

/** A problem that takes the place of a whole view, with the way to try again. */
export function ErrorState({
  error,
  onRetry,
  level,
}: {
  error: unknown;
  onRetry?: () => void;
  level?: 1 | 2 | 3;
}) {
  const problem = problemOf(error);
  const { title, body } = useSentence(problem);
  const tone =
    problem.isRefusal || problem.status === 404 ? undefined : problem.status === 0 ? "warn" : "danger";
  return (
    <Void
      icon={iconOf(problem)}
      title={title}
      {...(tone ? { tone } : {})}
      {...(level ? { level } : {})}
      live
      actions={
        onRetry && !problem.isRefusal ? (
          <Button size="s" onClick={onRetry}>
            <Trans>Réessayer</Trans>
          </Button>
        ) : null
      }
    >
      <p>
        {body} <RuleTag rule={problem.rule} />
      </p>
    </Void>
  );
}
