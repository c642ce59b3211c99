import { Trans, useLingui } from "@lingui/react/macro";
import { useQuery } from "@tanstack/react-query";
import { X } from "lucide-react";
import { type KeyboardEvent, useEffect, useRef } from "react";
import { type EntryProof, type JournalEntry, proofQuery } from "../../api/journal";
import { formatDateTime, formatNumber, formatSpan } from "../../i18n/format";
import { Button, type Fact, Facts, QueryView, StateTag } from "../../parts";
import { authorWords } from "./JournalPage";
import { verifyEntry } from "./verifyLog";
import { actWords, KIND_LOOKS } from "./words";

interface EntryCardProps {
  commune: string;
  entry: JournalEntry;
  labels: Record<string, string>;
  onClose: () => void;
}

/** One entry beside the list: what it says and its proof. Focus comes to its title; Escape goes back. */
export function EntryCard({ commune, entry, labels, onClose }: EntryCardProps) {
  const { t } = useLingui();
  const title = useRef<HTMLHeadingElement>(null);
  const query = useQuery(proofQuery(commune, entry.seq));
  useEffect(() => title.current?.focus(), []);
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Escape") onClose();
  };
  return (
    <section className="card stick" aria-labelledby="entry-title" onKeyDown={onKeyDown}>
      <header>
        <h2 id="entry-title" tabIndex={-1} ref={title}>
          <Trans>Entrée {formatNumber(entry.seq)}</Trans>
        </h2>
        <Button kind="quiet" size="s" iconOnly icon={X} aria-label={t`Fermer`} onClick={onClose} />
      </header>
      <EntryFacts entry={entry} labels={labels} />
      <h3>
        <Trans>Preuve d’inclusion</Trans>
      </h3>
      <QueryView query={query}>{(proof) => <ProofPath proof={proof} />}</QueryView>
    </section>
  );
}

function EntryFacts({ entry, labels }: { entry: JournalEntry; labels: Record<string, string> }) {
  const { t, i18n } = useLingui();
  const { record } = entry;
  if (!record) {
    return (
      <p className="small dim">
        <Trans>La fiche a été effacée à son terme ; son empreinte reste dans l’arbre.</Trans>
      </p>
    );
  }
  const act = actWords(record.act);
  const facts: (Fact | null)[] = [
    { label: t`Acte`, value: i18n._(KIND_LOOKS[record.kind].word) },
    { label: t`Objet`, value: typeof act === "string" ? act : i18n._(act) },
    { label: t`Heure`, value: formatDateTime(entry.at_us, true) },
    { label: t`Auteur`, value: authorWords(record.author.person, labels, t`Système`) },
    record.author.habilitation ? { label: t`Habilitation`, value: record.author.habilitation } : null,
    record.author.workstation ? { label: t`Poste`, value: record.author.workstation } : null,
    record.cameras ? { label: t`Caméras`, value: record.cameras.join(", ") } : null,
    record.from_us && record.to_us
      ? { label: t`Plage`, value: formatSpan(record.from_us, record.to_us) }
      : null,
    record.purpose ? { label: t`Finalité`, value: `${record.purpose}°` } : null,
    record.motive ? { label: t`Motif`, value: record.motive } : null,
    record.reference ? { label: t`Référence`, value: record.reference } : null,
    record.recipient ? { label: t`Destinataire`, value: record.recipient } : null,
    ...Object.entries(record.detail ?? {}).map(
      ([name, value]): Fact => ({
        label: name,
        value: (
          <span className="mono">{typeof value === "object" ? JSON.stringify(value) : String(value)}</span>
        ),
      }),
    ),
  ];
  return <Facts items={facts} />;
}

function short(hash: string): string {
  return `${hash.slice(0, 4)} ${hash.slice(4, 8)} … ${hash.slice(-4)}`;
}

function ProofPath({ proof }: { proof: EntryProof }) {
  const verdict = useQuery({
    queryKey: ["journal", "entry-verdict", proof.log, proof.n, proof.size],
    queryFn: () => verifyEntry(proof),
    staleTime: Number.POSITIVE_INFINITY,
  });
  return (
    <div className="stack-s">
      <div role="status">
        {verdict.data === undefined ? (
          <StateTag state="running" />
        ) : verdict.data ? (
          <StateTag state="verified">
            <Trans>Preuve exacte</Trans>
          </StateTag>
        ) : (
          <StateTag state="failed">
            <Trans>Preuve fausse</Trans>
          </StateTag>
        )}
      </div>
      <ol className="path">
        <li>
          <b className="strong">
            <Trans>Cette entrée</Trans>
          </b>
          <small className="mono">{short(proof.leaf_hash)}</small>
        </li>
        <li>
          <Trans>Fratries : {proof.proof.length}</Trans>
          <small>
            <Trans>empreintes recalculées ici</Trans>
          </small>
        </li>
        <li className="end">
          <b className="strong">
            <Trans>Racine signée du journal {proof.log}</Trans>
          </b>
          <small>
            <Trans>{formatNumber(proof.size)} entrées, signée par la commune</Trans>
          </small>
        </li>
      </ol>
    </div>
  );
}
