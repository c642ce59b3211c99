import { Trans } from "@lingui/react/macro";
import { formatDuration, formatTime } from "../i18n/format";
import { instantText } from "./instants";
import type { Fields, Manifest, Stream } from "./package/manifest";
import { useCause } from "./useCause";
import { keyOf } from "./usePlayer";

/** A text of the keeper's facts; empty when it is none. */
function said(fields: Fields, name: string): string {
  const value = fields[name];
  return typeof value === "string" ? value : "";
}

interface PackageProps {
  manifest: Manifest;
  onGo: (us: number) => void;
}

/** What was handed over, in answer to what, decided by whom; and every absence with its cause. */
export function PackagePanel({ manifest, onGo }: PackageProps) {
  const decidedBy = said(manifest.decision, "decided_by");
  const authority = said(manifest.request.facts, "authority");
  const operator = said(manifest.operator, "label");
  const basis = said(manifest.request.facts, "basis_fr");
  return (
    <section className="stack-s">
      <h2>
        <Trans>Le paquet</Trans>
      </h2>
      <dl className="facts">
        <dt>
          <Trans>Commune</Trans>
        </dt>
        <dd>{manifest.commune.name}</dd>
        <dt>
          <Trans>Demande</Trans>
        </dt>
        <dd>{manifest.request.id}</dd>
        {basis === "" ? null : (
          <>
            <dt>
              <Trans>Fondement</Trans>
            </dt>
            <dd lang="fr">{basis}</dd>
          </>
        )}
        {authority === "" ? null : (
          <>
            <dt>
              <Trans>Requérant</Trans>
            </dt>
            <dd>{authority}</dd>
          </>
        )}
        {decidedBy === "" ? null : (
          <>
            <dt>
              <Trans>Décision</Trans>
            </dt>
            <dd>{decidedBy}</dd>
          </>
        )}
        {operator === "" ? null : (
          <>
            <dt>
              <Trans>Extraction</Trans>
            </dt>
            <dd>{operator}</dd>
          </>
        )}
        <dt>
          <Trans>Constitué le</Trans>
        </dt>
        <dd>{instantText(manifest.createdUs)}</dd>
      </dl>
      {manifest.streams.map((stream) => (
        <StreamFacts key={keyOf(stream)} stream={stream} onGo={onGo} />
      ))}
    </section>
  );
}

function StreamFacts({ stream, onGo }: { stream: Stream; onGo: (us: number) => void }) {
  const words = useCause();
  return (
    <div className="stack-s">
      <h3>{stream.name}</h3>
      <p className="small dim">
        {instantText(stream.fromUs)} → {instantText(stream.toUs)}
      </p>
      {stream.absences.length === 0 ? (
        <p className="small">
          <Trans>Aucune absence.</Trans>
        </p>
      ) : (
        <ul className="absences">
          {stream.absences.map((absence) => (
            <li key={absence.fromUs}>
              <span>
                {words(absence.cause)}
                <small>
                  {formatTime(absence.fromUs, true)} → {formatTime(absence.toUs, true)},{" "}
                  {formatDuration(absence.toUs - absence.fromUs)}
                </small>
              </span>
              <button type="button" className="btn btn-s" onClick={() => onGo(absence.fromUs)}>
                <Trans>Voir</Trans>
              </button>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
