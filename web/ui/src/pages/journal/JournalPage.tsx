import { Trans, useLingui } from "@lingui/react/macro";
import { useQuery } from "@tanstack/react-query";
import { Download, Filter, ScrollText } from "lucide-react";
import { type FormEvent, type ReactNode, useEffect, useRef, useState } from "react";
import { camerasQuery } from "../../api/cameras";
import {
  ENTRY_KINDS,
  type EntryKind,
  exportUrl,
  type JournalEntry,
  type JournalFilter,
  type JournalPage as JournalPageData,
  journalQuery,
  PAGE_ENTRIES,
} from "../../api/journal";
import { formatDateTime, formatNumber, formatSpan } from "../../i18n/format";
import {
  Button,
  buttonClass,
  type Column,
  DataTable,
  EmptyState,
  QueryView,
  SelectField,
  textOf,
} from "../../parts";
import { useActing, useRole } from "../../session/SessionContext";
import { PageHead } from "../../shell/Page";
import { useCauseWords } from "../../timeline/useCauseWords";
import { cameraNumber } from "../cameras/words";
import { EmergencyNotes } from "./EmergencyNotes";
import { EntryCard } from "./EntryCard";
import { ReviewCard } from "./ReviewCard";
import { VerificationNote } from "./VerificationNote";
import { actWords, camerasSaid, KIND_LOOKS } from "./words";

const NO_FILTER: JournalFilter = { kind: "", person: "", camera: "", before: null };

/** The log of operations: who did what, when, why; each entry proved in this browser (P-40, E-01…E-05). */
export function JournalPage() {
  const { t } = useLingui();
  const { commune } = useActing();
  const reviews = useRole("auditor");
  const [filter, setFilter] = useState(NO_FILTER);
  const query = useQuery(journalQuery(commune, filter));
  const [chosen, setChosen] = useState<JournalEntry | null>(null);
  const opener = useRef<HTMLElement>(null);
  const [turned, setTurned] = useState(false);
  const filterBy = (next: JournalFilter, turns: boolean): void => {
    setTurned(turns);
    setFilter(next);
  };
  const close = (): void => {
    setChosen(null);
    opener.current?.focus();
  };
  return (
    <>
      <PageHead
        title={t`Journal des opérations`}
        lead={t`Aucune image ici, ni donnée sur les personnes filmées. Votre lecture est elle-même inscrite.`}
        acts={
          query.data ? (
            <a className={buttonClass({ size: "s" })} href={exportUrl(commune)} download>
              <Download className="ic" aria-hidden />
              <Trans>Emporter, signé</Trans>
            </a>
          ) : null
        }
      />
      <EmergencyNotes />
      {query.data ? <VerificationNote commune={commune} view={query.data} /> : null}
      {reviews ? (
        <ReviewCard onRead={(entry) => filterBy({ ...NO_FILTER, before: entry + 1 }, true)} />
      ) : null}
      <FilterForm labels={query.data?.labels ?? {}} onFilter={(next) => filterBy(next, false)} />
      <QueryView
        query={query}
        isEmpty={(page) => page.entries.length === 0}
        empty={
          <div className="card">
            <EmptyState icon={ScrollText} level={2} title={<Trans>Aucune entrée pour ces filtres</Trans>}>
              <Button size="s" onClick={() => filterBy(NO_FILTER, true)}>
                <Trans>Effacer les filtres</Trans>
              </Button>
            </EmptyState>
          </div>
        }
      >
        {(page) => (
          <div className="cols">
            <div className="stack">
              <Entries
                key={filter.before}
                page={page}
                chosen={chosen}
                onChoose={(entry, button) => {
                  opener.current = button;
                  setChosen(entry);
                }}
                focused={turned}
              />
              <Pager page={page} filter={filter} onFilter={(next) => filterBy(next, true)} />
            </div>
            {chosen ? (
              <EntryCard
                key={chosen.seq}
                commune={commune}
                entry={chosen}
                labels={page.labels}
                onClose={close}
              />
            ) : (
              <p className="card small dim">
                <Trans>Choisissez une entrée pour la lire et la prouver.</Trans>
              </p>
            )}
          </div>
        )}
      </QueryView>
    </>
  );
}

interface FilterFormProps {
  labels: Record<string, string>;
  onFilter: (filter: JournalFilter) => void;
}

/** One button applies the filters: each reading is journalled. */
function FilterForm({ labels, onFilter }: FilterFormProps) {
  const { t, i18n } = useLingui();
  const { commune } = useActing();
  const cameras = useQuery(camerasQuery(commune)).data ?? [];
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const data = new FormData(event.currentTarget);
    onFilter({
      kind: textOf(data, "kind") as EntryKind | "",
      person: textOf(data, "person"),
      camera: textOf(data, "camera"),
      before: null,
    });
  };
  return (
    <search>
      <form className="filters filters-4" onSubmit={submit}>
        <SelectField dense label={t`Acte`} name="kind">
          <option value="">{t`Tous`}</option>
          {ENTRY_KINDS.map((kind) => (
            <option key={kind} value={kind}>
              {i18n._(KIND_LOOKS[kind].word)}
            </option>
          ))}
        </SelectField>
        <SelectField dense label={t`Personne`} name="person">
          <option value="">{t`Toutes`}</option>
          {Object.entries(labels)
            .filter(([, label]) => label)
            .map(([person, label]) => (
              <option key={person} value={person}>
                {label}
              </option>
            ))}
        </SelectField>
        <SelectField dense label={t`Caméra`} name="camera">
          <option value="">{t`Toutes`}</option>
          {cameras.map((camera) => (
            <option key={camera.id} value={camera.id}>
              {cameraNumber(camera)} {camera.name}
            </option>
          ))}
        </SelectField>
        <Button type="submit" size="s" icon={Filter}>
          <Trans>Filtrer</Trans>
        </Button>
      </form>
    </search>
  );
}

interface EntriesProps {
  page: JournalPageData;
  chosen: JournalEntry | null;
  onChoose: (entry: JournalEntry, button: HTMLElement) => void;
  /** The list was asked for by a button that is gone with the one before. */
  focused: boolean;
}

function Entries({ page, chosen, onChoose, focused }: EntriesProps) {
  const { t, i18n } = useLingui();
  const list = useRef<HTMLElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the focus comes once, with the list
  useEffect(() => {
    if (focused) list.current?.focus();
  }, []);
  const { commune } = useActing();
  const cameras = useQuery(camerasQuery(commune)).data ?? [];
  const words = useCauseWords();
  // A view that its own page closed has no other cause than the act already says.
  const causeOf = (cause: unknown) => (typeof cause === "string" && cause !== "ended" ? words(cause) : "");
  const gone = <span className="dim">{t`fiche effacée à son terme`}</span>;
  const told = (entry: JournalEntry, tell: (record: NonNullable<JournalEntry["record"]>) => ReactNode) =>
    entry.record ? tell(entry.record) : gone;
  const columns: Column<JournalEntry>[] = [
    {
      key: "n",
      head: t`N°`,
      cell: (entry) => (
        <button className="linklike" type="button" onClick={(event) => onChoose(entry, event.currentTarget)}>
          {formatNumber(entry.seq)}
        </button>
      ),
    },
    { key: "at", head: t`Heure`, word: t`Heure`, cell: (entry) => formatDateTime(entry.at_us, true) },
    {
      key: "author",
      head: t`Auteur`,
      word: t`Auteur`,
      cell: (entry) =>
        told(entry, ({ author }) => (
          <span className="strong">{authorWords(author.person, page.labels, t`Système`)}</span>
        )),
    },
    {
      key: "kind",
      head: t`Acte`,
      word: t`Acte`,
      cell: (entry) =>
        told(entry, ({ kind }) => {
          const { word, icon: Icon } = KIND_LOOKS[kind];
          return (
            <span className="st st-bare">
              <Icon className="ic" aria-hidden />
              {i18n._(word)}
            </span>
          );
        }),
    },
    {
      key: "what",
      head: t`Objet`,
      word: t`Objet`,
      cell: (entry) =>
        told(entry, (record) => {
          const act = actWords(record.act);
          const numbers = (record.cameras ?? []).map((id) => {
            const camera = cameras.find((one) => one.id === id);
            return camera ? cameraNumber(camera) : id;
          });
          return (
            <>
              {typeof act === "string" ? act : i18n._(act)}
              <small>
                {[
                  camerasSaid(numbers),
                  record.from_us && record.to_us ? formatSpan(record.from_us, record.to_us) : "",
                  causeOf(record.detail?.cause),
                ]
                  .filter(Boolean)
                  .join(" · ")}
              </small>
            </>
          );
        }),
    },
    {
      key: "why",
      head: t`Motif`,
      word: t`Motif`,
      cell: (entry) =>
        told(
          entry,
          ({ purpose, motive }) => [purpose ? `${purpose}°` : "", motive].filter(Boolean).join(" ") || "—",
        ),
    },
  ];
  return (
    <section ref={list} tabIndex={-1} className="card card-0" aria-label={t`Entrées du journal`}>
      <DataTable
        caption={t`Entrées du journal, la plus récente d’abord`}
        columns={columns}
        rows={page.entries}
        rowKey={(entry) => entry.seq}
        selected={chosen?.seq}
      />
    </section>
  );
}

/** The function of an author; the system has none. */
export function authorWords(
  person: string | undefined,
  labels: Record<string, string>,
  system: string,
): string {
  if (!person || person === "system") return system;
  return labels[person] || person;
}

interface PagerProps {
  page: JournalPageData;
  filter: JournalFilter;
  onFilter: (filter: JournalFilter) => void;
}

function Pager({ page, filter, onFilter }: PagerProps) {
  const last = page.entries.at(-1)?.seq ?? 1;
  return (
    <nav className="row row-between small dim">
      <span>
        <Trans>{formatNumber(page.total)} entrées en tout</Trans>
      </span>
      <span className="row">
        {filter.before === null ? null : (
          <Button size="s" onClick={() => onFilter({ ...filter, before: null })}>
            <Trans>Les plus récentes</Trans>
          </Button>
        )}
        {page.entries.length === PAGE_ENTRIES && last > 1 ? (
          <Button size="s" onClick={() => onFilter({ ...filter, before: last })}>
            <Trans>Plus anciennes</Trans>
          </Button>
        ) : null}
      </span>
    </nav>
  );
}
