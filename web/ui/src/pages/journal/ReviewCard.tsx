import { Plural, Trans } from "@lingui/react/macro";
import { useQuery } from "@tanstack/react-query";
import { CircleHelp } from "lucide-react";
import { useState } from "react";
import { camerasQuery } from "../../api/cameras";
import { type ReviewQuestion, reviewQuery } from "../../api/journal";
import { formatDate, formatNumber, formatSpan } from "../../i18n/format";
import { Button, Card, EmptyState, Note, QueryView } from "../../parts";
import { useActing } from "../../session/SessionContext";
import { cameraNumber } from "../cameras/words";
import { camerasSaid } from "./words";

/** What the auditor may want to ask about the last month: questions, no verdict, nothing by person (D-12, D-33). */
export function ReviewCard({ onRead }: { onRead: (entry: number) => void }) {
  const { commune } = useActing();
  const [asked, setAsked] = useState(false);
  const query = useQuery({ ...reviewQuery(commune), enabled: asked });
  return (
    <Card title={<Trans>Revue du journal</Trans>} aside={<Trans>Réservée à l’auditeur</Trans>}>
      {asked ? (
        <QueryView
          query={query}
          isEmpty={(review) => review.questions.length === 0}
          empty={
            <EmptyState icon={CircleHelp} title={<Trans>Aucune question pour ces trente jours</Trans>}>
              <p>
                <Trans>
                  Cela ne dit pas que tout allait bien : seulement que rien de ce que l’on cherche n’y est.
                </Trans>
              </p>
            </EmptyState>
          }
        >
          {(review) => (
            <div className="stack">
              {review.whole ? null : (
                <Note kind="warn" title={<Trans>Une partie seulement a été revue.</Trans>}>
                  <Trans>Le journal est long : la revue commence le {formatDate(review.from_us)}.</Trans>
                </Note>
              )}
              <ul className="stack-s">
                {review.questions.map((question) => (
                  <QuestionItem
                    key={`${question.kind} ${question.from_us} ${question.cameras.join(" ")}`}
                    question={question}
                    onRead={onRead}
                  />
                ))}
              </ul>
            </div>
          )}
        </QueryView>
      ) : (
        <div className="row row-between">
          <p className="small dim">
            <Trans>
              Des questions sur les trente derniers jours, sans jugement et sans décompte par personne. La
              revue est elle-même inscrite.
            </Trans>
          </p>
          <Button size="s" icon={CircleHelp} onClick={() => setAsked(true)}>
            <Trans>Revoir le journal</Trans>
          </Button>
        </div>
      )}
    </Card>
  );
}

function QuestionItem({ question, onRead }: { question: ReviewQuestion; onRead: (entry: number) => void }) {
  const { commune } = useActing();
  const cameras = useQuery(camerasQuery(commune)).data ?? [];
  const numbers = question.cameras.map((id) => {
    const camera = cameras.find((one) => one.id === id);
    return camera ? cameraNumber(camera) : id;
  });
  const newest = question.entries.at(-1);
  return (
    <li>
      <p>
        <Asked question={question} />
      </p>
      <p className="small dim">
        {[formatSpan(question.from_us, question.to_us), camerasSaid(numbers)].filter(Boolean).join(" · ")}{" "}
        {newest === undefined ? null : (
          <button className="linklike" type="button" onClick={() => onRead(newest)}>
            <Trans>Lire les entrées à partir du n° {formatNumber(newest)}</Trans>
          </button>
        )}
      </p>
    </li>
  );
}

/** A question in words; the two numbers are how many, and out of how many. */
function Asked({ question }: { question: ReviewQuestion }) {
  const { count, of } = question;
  switch (question.kind) {
    case "night":
      return (
        <Plural
          value={count}
          one="Une consultation a été ouverte entre 22 h et 6 h : répondait-elle à un service de nuit ou à un appel ?"
          other="# consultations ont été ouvertes entre 22 h et 6 h : répondaient-elles à un service de nuit ou à un appel ?"
        />
      );
    case "night-habit":
      return (
        <Trans>
          Des images sont consultées {formatNumber(count)} nuits sur {formatNumber(of)} : le service de nuit
          est-il prévu, et ces consultations en sont-elles ?
        </Trans>
      );
    case "one-camera":
      return (
        <Trans>
          Une seule caméra a reçu {formatNumber(count)} des {formatNumber(of)} consultations : qu’y
          cherche-t-on, et jusqu’à quand ?
        </Trans>
      );
    case "bulk-search":
      return (
        <Trans>
          Beaucoup d’images enregistrées ont été ouvertes d’affilée : quelle recherche le demandait, et
          était-elle limitée à son objet ?
        </Trans>
      );
    case "no-incident":
      return (
        <Plural
          value={count}
          one="Une relecture a été ouverte sans motif écrit ni demande : quel fait y répondait ?"
          other="# relectures ont été ouvertes sans motif écrit ni demande : quels faits y répondaient ?"
        />
      );
    case "no-request":
      return (
        <Plural
          value={count}
          one="Une extraction a été ouverte sans demande enregistrée : pour qui, et sur quel fondement ?"
          other="# extractions ont été ouvertes sans demande enregistrée : pour qui, et sur quel fondement ?"
        />
      );
  }
}
