import { Plural, Trans, useLingui } from "@lingui/react/macro";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { FileDown, Users } from "lucide-react";
import { useState } from "react";
import { type Person, peopleQuery } from "../../api/people";
import { formatDate, nowUs } from "../../i18n/format";
import { Button, type Column, DataTable, EmptyState, Note, QueryView, RuleTag, StateTag } from "../../parts";
import { ROLE_WORDS } from "../../session/roles";
import { useActing, useRole } from "../../session/SessionContext";
import { PageHead } from "../../shell/Page";
import { saveDatedList } from "./datedList";
import { InvitationSheet, InviteAct, type Invited } from "./InviteAct";
import { actsSaid, endOf, habilitationState, mainHabilitation } from "./words";

type Tab = "all" | "image" | "no-image" | "withdrawn";

function inTab(person: Person, tab: Tab): boolean {
  const main = mainHabilitation(person, nowUs());
  if (tab === "withdrawn") return Boolean(main?.withdrawn_us);
  if (tab === "image") return Boolean(main && !main.withdrawn_us && main.acts.length > 0);
  if (tab === "no-image") return !main || (!main.withdrawn_us && main.acts.length === 0);
  return true;
}

/** Who is habilitated to do what, until when (P-58); the list is dated and exportable (P-59). */
export function PeoplePage() {
  const { t, i18n } = useLingui();
  const { commune } = useActing();
  const query = useQuery(peopleQuery(commune));
  const manages = useRole("chief", "mayor", "deputy");
  const [made, setMade] = useState<Invited | null>(null);
  const people = query.data;
  return (
    <>
      <PageHead
        title={t`Personnes et habilitations`}
        lead={
          <>
            <Trans>L’accès tombe dès qu’un seul élément manque ou expire.</Trans> <RuleTag rule="P-58" />
          </>
        }
        acts={
          made ? null : (
            <>
              {people && people.length > 0 ? (
                <Button
                  icon={FileDown}
                  onClick={() => saveDatedList(people, (role) => i18n._(ROLE_WORDS[role]))}
                >
                  <Trans>Liste datée</Trans>
                </Button>
              ) : null}
              {manages ? <InviteAct onMade={setMade} /> : null}
            </>
          )
        }
      />
      {made ? (
        <InvitationSheet made={made} onDone={() => setMade(null)} />
      ) : (
        <QueryView
          query={query}
          isEmpty={(list) => list.length === 0}
          empty={
            <div className="card">
              <EmptyState icon={Users} level={2} title={<Trans>Personne n’est habilité</Trans>}>
                <p>
                  <Trans>Invitez une personne, puis enregistrez son habilitation signée.</Trans>
                </p>
              </EmptyState>
            </div>
          }
        >
          {(list) => <PeopleList people={list} />}
        </QueryView>
      )}
    </>
  );
}

function PeopleList({ people }: { people: readonly Person[] }) {
  const { t } = useLingui();
  const [tab, setTab] = useState<Tab>("all");
  const [text, setText] = useState("");
  const needle = text.trim().toLowerCase();
  const shown = people.filter((person) => inTab(person, tab) && person.label.toLowerCase().includes(needle));
  const tabs: { id: Tab; word: string }[] = [
    { id: "all", word: t`Toutes` },
    { id: "image", word: t`Avec images` },
    { id: "no-image", word: t`Sans image` },
    { id: "withdrawn", word: t`Retirées` },
  ];
  const columns = useColumns();
  return (
    <>
      <Expiring people={people} />
      <section className="card card-0" aria-label={t`Liste des personnes`}>
        <header className="list-head">
          <fieldset className="tabs" aria-label={t`Trier par état`}>
            {tabs.map(({ id, word }) => (
              <button key={id} type="button" aria-pressed={tab === id} onClick={() => setTab(id)}>
                {word}
                <span className="tag">{people.filter((person) => inTab(person, id)).length}</span>
              </button>
            ))}
          </fieldset>
          <input
            className="inp inp-s"
            type="search"
            aria-label={t`Fonction`}
            placeholder={t`Fonction…`}
            value={text}
            onChange={(event) => setText(event.target.value)}
          />
        </header>
        {shown.length > 0 ? (
          <DataTable
            caption={t`Personnes et habilitations`}
            columns={columns}
            rows={shown}
            rowKey={(one) => one.person}
          />
        ) : (
          <EmptyState icon={Users} title={<Trans>Personne dans cette liste</Trans>} />
        )}
      </section>
      <p className="small dim">
        <Trans>
          Comptes nominatifs, jamais partagés. L’administrateur de l’hébergeur n’apparaît pas : il n’a aucun
          droit sur les images et ne peut en recevoir aucun.
        </Trans>
      </p>
    </>
  );
}

/** The first habilitation to lapse, said before it does. */
function Expiring({ people }: { people: readonly Person[] }) {
  const soon = people
    .map((person) => ({ person, main: mainHabilitation(person, nowUs()) }))
    .filter(({ main }) => main && habilitationState(main, nowUs()) === "expiring")
    .sort((a, b) => (a.main ? endOf(a.main) : 0) - (b.main ? endOf(b.main) : 0))[0];
  if (!soon?.main) return null;
  return (
    <Note
      kind="warn"
      title={
        <Trans>
          L’habilitation de {soon.person.label} expire le {formatDate(endOf(soon.main))}.
        </Trans>
      }
    >
      <Trans>Sans renouvellement, ses vues s’éteignent à cette date.</Trans>
    </Note>
  );
}

function useColumns(): Column<Person>[] {
  const { t, i18n } = useLingui();
  const main = (person: Person) => mainHabilitation(person, nowUs());
  return [
    {
      key: "person",
      head: t`Personne`,
      cell: (person) => (
        <Link to="/habilitations/$person" params={{ person: person.person }}>
          {person.label}
        </Link>
      ),
    },
    {
      key: "category",
      head: t`Catégorie`,
      word: t`Catégorie`,
      cell: (person) => {
        const one = main(person);
        if (!one) return "—";
        return (
          <>
            {i18n._(ROLE_WORDS[one.role])}
            <small>{one.category}</small>
          </>
        );
      },
    },
    {
      key: "scope",
      head: t`Portée`,
      word: t`Portée`,
      cell: (person) => {
        const one = main(person);
        if (!one) return t`Aucune`;
        if (one.acts.length === 0) return t`Aucune image`;
        return (
          <>
            {actsSaid(i18n, one.acts)}
            <small>
              {one.cameras === null ? (
                t`toutes les caméras`
              ) : (
                <Plural value={one.cameras.length} one="# caméra" other="# caméras" />
              )}
            </small>
          </>
        );
      },
    },
    {
      key: "until",
      head: t`Valable jusqu’au`,
      word: t`Jusqu’au`,
      cell: (person) => {
        const one = main(person);
        if (!one) return "—";
        return (
          <>
            {formatDate(one.withdrawn_us ?? endOf(one))}
            <small>{one.decision_ref}</small>
          </>
        );
      },
    },
    {
      key: "state",
      head: t`État`,
      word: t`État`,
      cell: (person) => {
        const one = main(person);
        return <StateTag state={one ? habilitationState(one, nowUs()) : "not-yet"} />;
      },
    },
  ];
}
