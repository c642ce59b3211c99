import { Plural, Trans, useLingui } from "@lingui/react/macro";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { CircleCheck } from "lucide-react";
import { type FootageRequest, requestsQuery } from "../../api/requests";
import { formatDuration, formatSpan, nowUs } from "../../i18n/format";
import { buttonClass, EmptyState, QueryView, StateTag } from "../../parts";
import { useActing } from "../../session/SessionContext";
import { PageHead } from "../../shell/Page";
import { FRAMES } from "./frames";

/** What waits for the mayor or the deputy, most urgent first. */
export function ToDecidePage() {
  const { t } = useLingui();
  const { commune } = useActing();
  const query = useQuery(requestsQuery(commune));
  return (
    <>
      <PageHead
        title={t`À décider`}
        lead={t`Vous organisez la réponse de la commune. Aucune image n’est montrée ici.`}
      />
      <QueryView
        query={query}
        isEmpty={(requests) => waiting(requests).length === 0}
        empty={
          <div className="card">
            <EmptyState icon={CircleCheck} level={2} title={<Trans>Rien à décider</Trans>}>
              <p>
                <Trans>Un courriel sans donnée personnelle vous préviendra de la prochaine demande.</Trans>
              </p>
              <Link className={buttonClass({ size: "s" })} to="/demandes">
                <Trans>Voir toutes les demandes</Trans>
              </Link>
            </EmptyState>
          </div>
        }
      >
        {(requests) => (
          <ul className="stack">
            {waiting(requests).map((request) => (
              <li key={request.id}>
                <WaitingCard request={request} />
              </li>
            ))}
          </ul>
        )}
      </QueryView>
    </>
  );
}

function waiting(requests: readonly FootageRequest[]): FootageRequest[] {
  return requests
    .filter((request) => request.state === "registered")
    .sort((a, b) => (a.answer_by_us ?? Number.MAX_VALUE) - (b.answer_by_us ?? Number.MAX_VALUE));
}

function WaitingCard({ request }: { request: FootageRequest }) {
  const { i18n } = useLingui();
  const left = request.answer_by_us ? request.answer_by_us - nowUs() : null;
  const number = request.number;
  return (
    <article className="card card-s">
      <header>
        <h2>{request.authority || number}</h2>
        <StateTag state="to-decide" />
      </header>
      <p className="small">
        {i18n._(FRAMES[request.frame].name)} ·{" "}
        <Plural value={request.cameras.length} one="# caméra" other="# caméras" />
        {" · "}
        {formatSpan(request.from_us, request.to_us)}
      </p>
      {left === null ? null : (
        <p className="small dim">
          {left > 0 ? (
            <Trans>Réponse attendue dans {formatDuration(left)}.</Trans>
          ) : (
            <Trans>Le délai est dépassé.</Trans>
          )}
        </p>
      )}
      <div className="row">
        <Link
          className={buttonClass({ kind: "primary", size: "l" })}
          to="/decision/$request"
          params={{ request: request.id }}
        >
          <Trans>Décider</Trans>
          <span className="vh"> {number}</span>
        </Link>
      </div>
    </article>
  );
}
