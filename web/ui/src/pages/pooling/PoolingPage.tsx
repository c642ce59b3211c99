import { Trans, useLingui } from "@lingui/react/macro";
import { useQuery } from "@tanstack/react-query";
import { EyeOff, Handshake } from "lucide-react";
import {
  type Convention,
  conventionsQuery,
  type Grouping,
  groupingsQuery,
  termsQuery,
} from "../../api/pooling";
import { formatDate, nowUs } from "../../i18n/format";
import { Card, EmptyState, Facts, Note, QueryView, RuleTag, StateTag } from "../../parts";
import { useActing, useRole } from "../../session/SessionContext";
import { PageHead } from "../../shell/Page";
import { ConsentAct, RecordConventionAct, RecordGroupingAct } from "./PoolingActs";
import { CHAIR_WORDS, CONVENTION_WORDS, wordsOf } from "./words";

/** Who pools for the commune, by whose consent, and the conventions that pooled agents need (P-60…P-63). */
export function PoolingPage() {
  const { t } = useLingui();
  const { commune } = useActing();
  const decides = useRole("mayor", "deputy");
  const query = useQuery(groupingsQuery(commune));
  return (
    <>
      <PageHead
        title={t`Mutualisation et conventions`}
        above={{ to: "/autorisation", word: t`Autorisation`, here: t`Mutualisation` }}
        lead={t`Un organisme ne mutualise pour la commune qu’avec son accord, qu’elle retire quand elle veut.`}
        acts={decides ? <RecordGroupingAct /> : null}
      />
      <div className="cols">
        <QueryView
          query={query}
          level={2}
          isEmpty={(groupings) => groupings.length === 0}
          empty={
            <div className="card">
              <EmptyState icon={Handshake} level={2} title={<Trans>La commune ne mutualise pas</Trans>}>
                <p>
                  <Trans>Aucun opérateur d’un autre organisme ne peut voir ses images.</Trans>{" "}
                  <RuleTag rule="P-60" />
                </p>
              </EmptyState>
            </div>
          }
        >
          {(groupings) => (
            <div className="stack">
              {groupings.map((one) => (
                <GroupingCard key={one.id} grouping={one} decides={decides} />
              ))}
            </div>
          )}
        </QueryView>
        <ConventionsCard />
      </div>
    </>
  );
}

function GroupingCard({ grouping, decides }: { grouping: Grouping; decides: boolean }) {
  const { t, i18n } = useLingui();
  const terms = useQuery(termsQuery).data;
  const { consent_us: since, consent_ended_us: ended, stops } = grouping;
  const names = stops.join(", ");
  const chair = CHAIR_WORDS[grouping.chair];
  return (
    <Card
      title={grouping.name}
      aside={
        <StateTag state={grouping.consents ? "in-force" : ended ? "withdrawn" : "not-yet"}>
          {grouping.consents ? t`Accord en vigueur` : ended ? t`Accord retiré` : t`Sans accord`}
        </StateTag>
      }
    >
      <Facts
        items={[
          { label: t`Nature`, value: wordsOf(terms?.groupings[grouping.kind], grouping.kind) },
          { label: t`Article`, value: grouping.article },
          { label: t`Statuts`, value: grouping.reference },
          {
            label: t`Membres`,
            value: grouping.members.map((one) => wordsOf(terms?.members[one], one)).join(" ; "),
          },
          { label: t`Présidé par`, value: chair ? i18n._(chair) : grouping.chair },
          since
            ? { label: t`Accord de la commune`, value: t`${grouping.consent_ref}, le ${formatDate(since)}` }
            : null,
          ended ? { label: t`Accord retiré le`, value: formatDate(ended) } : null,
        ]}
      />
      {grouping.may_pool ? null : (
        <Note kind="off" icon={EyeOff} title={<Trans>Simple prestataire.</Trans>}>
          <span>
            <Trans>Il héberge et entretient. Aucun droit sur les images ne repose sur lui.</Trans>{" "}
            <RuleTag rule="P-60" />
          </span>
        </Note>
      )}
      {stops.length > 0 ? (
        <Note kind="info" title={<Trans>Ces droits reposent sur cet accord : {names}.</Trans>}>
          <span>
            <Trans>
              Retiré, leurs vues s’éteignent en moins de 5 secondes et plus aucune clé ne leur est remise.
              L’enregistrement continue.
            </Trans>{" "}
            <RuleTag rule="P-60" />
          </span>
        </Note>
      ) : null}
      {decides ? (
        <div className="row">
          <ConsentAct grouping={grouping} />
        </div>
      ) : null}
    </Card>
  );
}

function ConventionsCard() {
  const { commune } = useActing();
  const records = useRole("chief", "mayor", "deputy");
  const query = useQuery(conventionsQuery(commune));
  return (
    <Card title={<Trans>Conventions</Trans>} aside={<RuleTag rule="P-61" />}>
      <QueryView
        query={query}
        isEmpty={(conventions) => conventions.length === 0}
        empty={
          <p className="small dim">
            <Trans>Aucune. Un agent mutualisé ne voit qu’avec les siennes.</Trans>
          </p>
        }
      >
        {(conventions) => (
          <ul className="stack">
            {[...conventions]
              .sort((a, b) => b.until_us - a.until_us)
              .map((one) => (
                <ConventionRow key={one.id} convention={one} />
              ))}
          </ul>
        )}
      </QueryView>
      {records ? (
        <div className="row">
          <RecordConventionAct />
        </div>
      ) : null}
    </Card>
  );
}

function ConventionRow({ convention }: { convention: Convention }) {
  const { i18n } = useLingui();
  const terms = useQuery(termsQuery).data;
  const word = CONVENTION_WORDS[convention.kind];
  const state = convention.valid ? "in-force" : convention.from_us > nowUs() ? "not-yet" : "expired";
  const form = convention.form ? wordsOf(terms?.pooling_forms[convention.form], convention.form) : "";
  return (
    <li className="stack-s">
      <span className="row row-between">
        <b className="strong">{word ? i18n._(word) : convention.kind_fr}</b>
        <StateTag state={state} />
      </span>
      <span className="small">
        {[convention.reference, convention.parties, form].filter(Boolean).join(" · ")}
      </span>
      <span className="small dim">
        {formatDate(convention.from_us)} → {formatDate(convention.until_us)}
      </span>
    </li>
  );
}
